import t from 'tap';
import type { Figure } from '../../perf/suite/figure.js';
import { html } from '../../perf/suite/html.js';
import { images } from '../../perf/suite/plots.js';
import { spread } from '../../perf/suite/statistics.js';
import { syntheticResults } from '../support/synthetic-results.js';

const results = syntheticResults();
const page = html(results);

/** The attributes of every mark with data-figure. */
function marks(svg: string): { figure: string; subject: string; value: number }[] {
  const found = svg.matchAll(/data-figure="([^"]*)" data-subject="([^"]*)" data-value="([^"]*)"/g);
  return [...found].map(([, figure, subject, value]) => ({ figure, subject, value: Number(value) }));
}

t.test('marks carry the exact medians', async (t) => {
  const found = marks(page);
  t.ok(found.length > 100);
  for (const { figure, subject, value } of found) {
    const { samples } = results.figures.find(({ id }) => id === figure)!;
    if (value !== spread(samples[subject as 'uvtep']!).median) t.fail(`${figure}, ${subject}: ${value}`);
  }
});

t.test('every plot says in words what it shows', async (t) => {
  const plots = [...page.matchAll(/<svg class="plot"[^>]*>/g)].map(([tag]) => tag);
  t.ok(plots.length > 10);
  for (const tag of plots) t.match(tag, /role="img" aria-label="[^"]{20,}"/);
  t.match(
    page,
    /aria-label="TCP, Gbit\/s \(more is better\)\. TCP, one stream, default veth: uvtep 14\.44, /,
  );
});

t.test('verdicts, disturbances and reasons are told', async (t) => {
  t.match(
    page,
    /<tr data-verdict="missed" data-figure-id="throughput\/tcp\/1-stream\/veth">.*missed by 8\.1 %/,
  );
  t.match(page, /<tr data-verdict="not measured" data-figure-id="throughput\/rfc2544\/1400\/1-flow">/);
  t.match(
    page,
    /between bridged guests, default veth <span class="chip" title="21 % of the CPUs used by others before, 8 % stolen meanwhile">disturbed/,
  );
  t.match(page, /<li>not measured: .*, VDE: vde_switch is not installed<\/li>/);
  t.match(page, /<li>skipped: throughput\/tcp\/ipv6: IPv6 is disabled here/);
});

t.test('what is to be reached is marked in bars and on curves', async (t) => {
  const goals = [...page.matchAll(/<path class="goal"[^>]*><title>([^<]*)<\/title>/g)].map(
    ([, text]) => text,
  );
  t.ok(goals.includes('&gt;= 0.5 x kernel: missed by 8.1 %'));
  t.ok(goals.includes('&lt;= 60 ns: met'), 'the lookup among a million');
  t.notOk(goals.includes('&gt;= 2.5 x kernel: not measured'));
});

t.test('whatever a figure, host or reason is called, it stays text', async (t) => {
  const evil = '<script>alert("x")</script>&';
  const figure: Figure = {
    id: `throughput/${evil}`,
    name: evil,
    unit: evil,
    digits: 1,
    better: 'more',
    samples: { uvtep: [1, 2, 3] },
    bars: [{ atLeast: 1 }],
    note: evil,
    missing: { kernel: evil },
  };
  const odd = { ...results, figures: [figure], machine: { ...results.machine, host: evil, cpu: evil } };
  t.notMatch(html(odd), /<script/);
  for (const image of Object.values(images(odd))) t.notMatch(image, /<script/);
});

t.test('the image of the throughput shows what a bar is set for', async (t) => {
  const shown = new Set(marks(images(results)['throughput']!).map(({ figure }) => figure));
  t.ok(shown.has('throughput/tcp/1-stream/veth'));
  t.notOk(shown.has('throughput/tcp/4-streams/no-tunnel'));
  const none = results.figures.map((figure) => ({ ...figure, bars: undefined }));
  const all = new Set(
    marks(images({ ...results, figures: none })['throughput']!).map(({ figure }) => figure),
  );
  t.ok(all.has('throughput/tcp/4-streams/no-tunnel'), 'and everything where there are no bars');
});
