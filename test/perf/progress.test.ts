import t from 'tap';
import type { Tell } from '../../perf/suite/alternate.js';
import { clock, Progress } from '../../perf/suite/progress.js';

/** What was written, and a clock that is set by hand. */
class Screen {
  text = '';
  milliseconds = 0;
  readonly isTTY: boolean;
  readonly columns: number;

  constructor(isTTY: boolean, columns = 100) {
    this.isTTY = isTTY;
    this.columns = columns;
  }

  write(text: string): void {
    this.text += text;
  }

  readonly now = (): number => this.milliseconds;

  /** Seconds pass. */
  pass(seconds: number): void {
    this.milliseconds += seconds * 1000;
  }

  /** What the line shows now. */
  get line(): string {
    return this.text.slice(this.text.lastIndexOf('\u001b[K') + 3);
  }
}

const PLAN = [
  { name: 'TCP', seconds: 60 },
  { name: 'UDP', seconds: 30 },
  { name: 'latency', seconds: 30 },
];

t.test('on a terminal one line tells what runs, how far and how long still', async (t) => {
  const screen = new Screen(true);
  const progress = new Progress(PLAN, screen, screen.now);
  progress.begin('TCP');
  t.match(screen.line, /^\[-{20}\] 1 of 3 {2}TCP +0:00 gone, about 2:00 left$/);
  screen.pass(30);
  const tell: Tell = progress.tell; // handed on by itself
  tell('round 5 of 9, kernel');
  t.match(screen.line, /^\[#{5}-{15}\] 1 of 3 {2}TCP: round 5 of 9, kernel +0:30 gone, about 1:30 left$/);
  tell('TCP: round 6 of 9');
  screen.pass(1);
  tell('TCP: round 6 of 9');
  t.match(screen.line, /1 of 3 {2}TCP: round 6 of 9 /, 'a name that the detail tells is not told twice');
  t.notMatch(screen.text, /\n/, 'the line is never left');
  progress.finish();
  t.equal(screen.line, '', 'and in the end it is wiped');
});

t.test('what steps really took corrects the rest', async (t) => {
  const screen = new Screen(true);
  const progress = new Progress(PLAN, screen, screen.now);
  progress.begin('TCP');
  screen.pass(120);
  progress.begin('UDP');
  t.equal(progress.secondsLeft(), 120, 'twice the plan before, twice the plan after');
  screen.pass(100);
  t.equal(progress.secondsLeft(), 60, 'a step that overruns adds nothing, and takes nothing of the others');
  progress.end();
  progress.begin('latency');
  t.equal(progress.secondsLeft().toFixed(3), '73.333', '30 times 220/90');
});

t.test('steps that are skipped take no time, others that come up are counted', async (t) => {
  const screen = new Screen(false);
  const progress = new Progress(PLAN, screen, screen.now);
  progress.skip('TCP');
  t.equal(progress.secondsLeft(), 60);
  progress.begin('memory');
  screen.pass(50);
  t.equal(progress.secondsLeft(), 60, 'a step without a plan says nothing of the plan');
  progress.begin('UDP');
  t.equal(progress.secondsLeft(), 60);
  t.match(screen.text, /^1 of 3 memory, about 1:00 left\n2 of 3 UDP, about 1:00 left\n$/);
});

t.test('in a log each step is one plain line', async (t) => {
  const screen = new Screen(false);
  const progress = new Progress(PLAN, screen, screen.now);
  progress.begin('TCP');
  progress.tell('round 1 of 9');
  screen.pass(60);
  progress.begin('UDP');
  progress.begin('latency');
  screen.pass(30);
  progress.finish();
  t.equal(
    screen.text,
    '1 of 3 TCP, about 2:00 left\n2 of 3 UDP, about 1:00 left\n3 of 3 latency, about 0:20 left\n',
  );
});

t.test('the line never wraps', async (t) => {
  for (const columns of [20, 40, 69, 80, 120, 300]) {
    const screen = new Screen(true, columns);
    const progress = new Progress([{ name: 'a step with a long name', seconds: 4000 }], screen, screen.now);
    progress.begin('a step with a long name');
    screen.pass(5000);
    progress.tell('and more detail than any terminal has room for, '.repeat(5));
    t.ok(screen.line.length < columns, `${screen.line.length} letters on ${columns} columns`);
    if (columns >= 80) t.match(screen.line, /… {2}1:23:20 gone$/, 'the times are never cut');
  }
});

t.test('details come no faster than they can be read', async (t) => {
  const screen = new Screen(true);
  const progress = new Progress(PLAN, screen, screen.now);
  progress.begin('TCP');
  const before = screen.text.length;
  for (let i = 0; i < 50; i++) progress.tell(`sample ${i}`);
  t.equal(screen.text.length, before);
  screen.pass(0.2);
  progress.tell('sample 50');
  t.match(screen.line, /sample 50/);
});

t.test('a clock', async (t) => {
  t.strictSame([0, 7.4, 59.6, 754, 3723].map(clock), ['0:00', '0:07', '1:00', '12:34', '1:02:03']);
});
