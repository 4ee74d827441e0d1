/*
 * vtep-tag: puts a VLAN tag on all that leaves an interface and takes it off what enters, without the 8021q module. What
 * enters with another VLAN's tag, or none, is dropped.
 *
 *   vtep-tag INTERFACE VLAN_ID [802.1Q|802.1ad]
 *
 * Two eBPF programs of a few instructions, attached as TCX links (Linux 6.6), that live as long as this process. The tag
 * travels as the stack carries one it got from a VLAN device: beside the packet, so super-frames stay super-frames.
 */
#include "tool.h"

#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <net/if.h>
#include <stddef.h>
#include <sys/syscall.h>

/* Since 6.6; the headers of older distributions do not have them. */
enum { TCX_INGRESS = 46, TCX_EGRESS = 47, TCX_NEXT = -1, TCX_DROP = 2 };

static int bpf(int command, union bpf_attr *attr) { return (int)syscall(SYS_bpf, command, attr, sizeof *attr); }

static int load(const struct bpf_insn *instructions, uint32_t count) {
  union bpf_attr attr = {0};
  attr.prog_type = BPF_PROG_TYPE_SCHED_CLS;
  attr.insns = (uintptr_t)instructions;
  attr.insn_cnt = count;
  attr.license = (uintptr_t) "Apache-2.0";
  int fd = bpf(BPF_PROG_LOAD, &attr);
  if (fd < 0) fail("BPF_PROG_LOAD");
  return fd;
}

static void attach(int program, int ifindex, int where) {
  union bpf_attr attr = {0};
  attr.link_create.prog_fd = (uint32_t)program;
  attr.link_create.target_ifindex = (uint32_t)ifindex;
  attr.link_create.attach_type = (uint32_t)where;
  if (bpf(BPF_LINK_CREATE, &attr) < 0) fail("TCX (needs Linux 6.6)");
}

int main(int argc, char **argv) {
  const char *type = argc == 4 ? argv[3] : "802.1Q";
  bool service = strcmp(type, "802.1ad") == 0;
  if (argc < 3 || argc > 4 || (!service && strcmp(type, "802.1Q") != 0)) usage("usage: vtep-tag INTERFACE VLAN_ID [802.1Q|802.1ad]\n");
  int vlan = (int)number_option('v', argv[2], 1, 4094), ifindex = (int)if_nametoindex(argv[1]);
  if (ifindex == 0) fail(argv[1]);
  const struct bpf_insn next[] = {
      {.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0, .imm = TCX_NEXT},
      {.code = BPF_JMP | BPF_EXIT},
  };
  const struct bpf_insn push[] = {
      {.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_2, .imm = htons(service ? ETH_P_8021AD : ETH_P_8021Q)},
      {.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_3, .imm = vlan},
      {.code = BPF_JMP | BPF_CALL, .imm = BPF_FUNC_skb_vlan_push},
      next[0],
      next[1],
  };
  /* Before the programs run, the stack has moved the outer tag beside the packet: there it can be read. */
  const struct bpf_insn pop[] = {
      {.code = BPF_LDX | BPF_MEM | BPF_W, .dst_reg = BPF_REG_2, .src_reg = BPF_REG_1, .off = offsetof(struct __sk_buff, vlan_tci)},
      {.code = BPF_ALU64 | BPF_AND | BPF_K, .dst_reg = BPF_REG_2, .imm = 0xfff},
      {.code = BPF_JMP | BPF_JNE | BPF_K, .dst_reg = BPF_REG_2, .off = 3, .imm = vlan},
      {.code = BPF_JMP | BPF_CALL, .imm = BPF_FUNC_skb_vlan_pop},
      next[0],
      next[1],
      {.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0, .imm = TCX_DROP},
      next[1],
  };
  attach(load(push, sizeof push / sizeof *push), ifindex, TCX_EGRESS);
  attach(load(pop, sizeof pop / sizeof *pop), ifindex, TCX_INGRESS);
  stop_on_signals();
  announce_ready(0);
  while (!stopped) pause();
  return 0;
}
