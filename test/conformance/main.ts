import { GROUPS } from './cases/index.js';
import { runGroups } from './run.js';
const words = process.argv.slice(2);
await runGroups(GROUPS.filter((g) => words.length === 0 || words.some((w) => g.title.includes(w))), (_, r, ms) => {
  console.log(r.verdict.padEnd(10), ms.toFixed(0).padStart(5), r.what);
  if (r.verdict !== 'agree' || process.env['V']) { console.log('   kernel', JSON.stringify(r.kernel)); console.log('   ours  ', JSON.stringify(r.ours)); }
});
