/** What the manifest, the container file and their README name exists, and is enough. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import t from 'tap';
import { parseAllDocuments } from 'yaml';
import { annotationNames } from '../lib/flannel/kube/annotations.js';
import { readOptions } from '../lib/flannel/options.js';
import { NET_CONFIG_PATH } from '../lib/flannel/kube/net-config.js';
import { runDirectory } from '../lib/control/socket-path.js';
import { packageVersion } from '../lib/version.js';
import { OURS, scene } from './flannel/kube/fixtures.js';
import { soon } from './support/soon.js';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const read = (path: string): string => readFileSync(join(ROOT, path), 'utf8');

interface Mount {
  name: string;
  mountPath: string;
}
interface Container {
  name: string;
  image: string;
  command?: string[];
  args: string[];
  env?: { name: string }[];
  securityContext?: { capabilities: { add: string[] } };
  volumeMounts: Mount[];
}
interface PodSpec {
  hostNetwork: boolean;
  serviceAccountName: string;
  initContainers: Container[];
  containers: Container[];
  volumes: { name: string; hostPath?: { path: string }; configMap?: { name: string } }[];
}
interface Rule {
  apiGroups: string[];
  resources: string[];
  verbs: string[];
}
interface Document {
  kind: string;
  metadata: { name: string; namespace?: string };
  rules: Rule[];
  roleRef: { name: string };
  subjects: { name: string; namespace: string }[];
  data: Record<string, string>;
  spec: { selector: { matchLabels: object }; template: { metadata: { labels: object }; spec: PodSpec } };
}

const documents = parseAllDocuments(read('deploy/kube-vtep.yml')).map((document) => {
  if (document.errors.length > 0) throw document.errors[0];
  return document.toJS() as Document;
});
const of = (kind: string): Document => documents.find((document) => document.kind === kind)!;
const pod = of('DaemonSet').spec.template.spec;
const container = (name: string): Container =>
  [...pod.initContainers, ...pod.containers].find((each) => each.name === name)!;
const mounts = (name: string): string[] => container(name).volumeMounts.map(({ mountPath }) => mountPath);

t.test('names within the manifest agree', async (t) => {
  t.same(of('ClusterRoleBinding').roleRef.name, of('ClusterRole').metadata.name);
  const { name, namespace } = of('ServiceAccount').metadata;
  t.match(of('ClusterRoleBinding').subjects, [{ name, namespace }]);
  t.equal(pod.serviceAccountName, name);
  for (const document of documents)
    if (document.metadata.namespace) t.equal(document.metadata.namespace, of('Namespace').metadata.name);
  t.match(of('DaemonSet').spec.template.metadata.labels, of('DaemonSet').spec.selector.matchLabels);
  const volumes = pod.volumes.map((volume) => volume.name);
  const used = [...pod.initContainers, ...pod.containers].flatMap((each) =>
    each.volumeMounts.map((mount) => mount.name),
  );
  t.same([...new Set(used)].sort(), [...volumes].sort(), 'each volume is there and used');
  t.equal(pod.volumes.find((volume) => volume.configMap)?.configMap?.name, of('ConfigMap').metadata.name);
});

t.test('the role allows what the registry asks for, and no more', async (t) => {
  const { kube, registry, heard } = await scene(t);
  await registry.hints();
  await registry.acquire(OURS);
  registry.watch(heard);
  t.ok(await soon(async () => kube.watches === 1));
  kube.compact();
  t.ok(await soon(async () => heard.snapshots.length === 2));
  const asked = kube.requests.map(({ method, url }) => {
    const { pathname, searchParams } = new URL(url, 'http://kube');
    const [resource, name, part] = pathname.replace('/api/v1/', '').split('/');
    if (method === 'PATCH') return `patch ${resource}/${part}`;
    return `${searchParams.has('watch') ? 'watch' : name ? 'get' : 'list'} ${resource}`;
  });
  const granted = of('ClusterRole').rules.flatMap(({ apiGroups, resources, verbs }) =>
    apiGroups.flatMap((group) =>
      resources.flatMap((resource) => verbs.map((verb) => `${verb} ${group}${resource}`)),
    ),
  );
  t.same([...new Set(asked)].sort(), granted.sort());
});

t.test('paths are those that the programs use', async (t) => {
  t.ok(mounts('flannel').includes('/run/flannel'));
  t.ok(mounts('flannel').includes(runDirectory()), 'both find the same daemon');
  t.ok(mounts('vtep').includes(runDirectory()));
  t.ok(mounts('vtep').includes('/dev/net/tun'));
  t.equal(pod.hostNetwork, true);
  const data = of('ConfigMap').data;
  for (const [name, directory] of [
    ['flannel', mounts('flannel')],
    ['install-cni', mounts('install-cni')],
  ] as const)
    t.ok(directory.includes('/etc/kube-flannel/'), name);
  t.ok(NET_CONFIG_PATH.slice('/etc/kube-flannel/'.length) in data);
  const [, from = '', to = ''] = container('install-cni').args;
  t.ok(from.slice('/etc/kube-flannel/'.length) in data, from);
  t.ok(
    mounts('install-cni').some((path) => to.startsWith(path)),
    to,
  );
  for (const { name, hostPath } of pod.volumes)
    for (const each of [...pod.initContainers, ...pod.containers])
      for (const mount of each.volumeMounts.filter((mount) => mount.name === name && hostPath))
        t.equal(mount.mountPath, hostPath?.path, `${name} has the same path in ${each.name}`);
});

t.test('the configuration is stock Flannel’s', async (t) => {
  const { 'net-conf.json': network = '', 'cni-conf.json': cni = '' } = of('ConfigMap').data;
  t.same(JSON.parse(network), { Network: '10.244.0.0/16', Backend: { Type: 'vxlan' } });
  t.match(JSON.parse(cni), { name: 'cbr0', plugins: [{ type: 'flannel' }, { type: 'portmap' }] });
});

t.test('commands, rights and environment', async (t) => {
  t.same(container('vtep').args, ['daemon']);
  t.equal(container('flannel').args[0], 'flannel');
  t.same(
    container('flannel').env?.map(({ name }) => name),
    ['NODE_NAME'],
  );
  for (const name of ['vtep', 'flannel'])
    t.ok(container(name).securityContext?.capabilities.add.includes('NET_ADMIN'));
  for (const name of ['vtep', 'flannel', 'install-cni'])
    t.equal(container(name).image, `vtep:${packageVersion()}`);
});

t.test('`vtep flannel` takes the flags', async (t) => {
  const [object, ...flags] = container('flannel').args;
  t.equal(object, 'flannel');
  const options = readOptions(flags, {});
  t.equal(options.kubeSubnetMgr, true);
});

t.test('the container file copies what there is', async (t) => {
  const text = read('deploy/Containerfile');
  const copies = [...text.matchAll(/^COPY (?!--from)(.*) \S+$/gm)].flatMap(([, paths = '']) =>
    paths.split(' '),
  );
  t.ok(copies.length > 5);
  for (const path of copies) t.ok(existsSync(join(ROOT, path)), path);
  for (const [, path = ''] of text.matchAll(/^COPY --from=build \/vtep\/(\S+)/gm))
    t.ok(existsSync(join(ROOT, path)), `${path}, as a build leaves it`);
  t.ok(text.includes(`/vtep/${(JSON.parse(read('package.json')) as { bin: { vtep: string } }).bin.vtep}`));
  for (const file of ['deploy/Containerfile', 'deploy/README.md'])
    t.ok(read(file).includes(`docker build -t vtep:${packageVersion()} -f deploy/Containerfile .`), file);
});

t.test('the README names annotations that are read', async (t) => {
  const names = Object.values(annotationNames());
  const named = [...read('deploy/README.md').matchAll(/flannel\.alpha\.coreos\.com\/[\w-]+/g)].map(
    ([name]) => name,
  );
  t.ok(named.length >= 2);
  for (const name of named) t.ok(names.includes(name), name);
});
