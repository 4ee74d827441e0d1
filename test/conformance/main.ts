import { GROUPS } from './cases/index.js';
import { runGroups } from './run.js';
const words = process.argv.slice(2);
const t: Record<string, number> = {};
await runGroups(GROUPS.filter((g) => words.length === 0 || words.some((w) => g.title.includes(w))), (g, r, ms) => {
  t[r.verdict] = (t[r.verdict] ?? 0) + 1;
  if (r.verdict === 'agree' && !process.env['V']) return;
  console.log(r.verdict, ms.toFixed(0), `[${g.title}]`, r.what);
  const n = Math.max(r.kernel.length, r.ours.length);
  for (let i = 0; i < n; i++) {
    const [a, b] = [r.kernel[i], r.ours[i]];
    if (JSON.stringify(a) === JSON.stringify(b) && !process.env['V']) continue;
    console.log('   k', a?.shown, '\n   u', b?.shown);
    if (a?.shown === b?.shown && a?.exact !== b?.exact) console.log('   K', a?.exact, '\n   U', b?.exact);
  }
});
console.log(t);
