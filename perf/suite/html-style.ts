/** How the report looks: one column on a phone, panels side by side elsewhere, light or dark as the reader's system is. */
export const PAGE_STYLE = `
:root{color-scheme:light dark;--page:#f5f7fa;--card:#ffffff;--text:#1c2430;--soft:#5a6473;--rule:#dfe4ea;
--good:#0b7a4b;--great:#0b5fa5;--bad:#b3261e;--unknown:#6b7280}
@media (prefers-color-scheme:dark){:root{--page:#0d1117;--card:#161b22;--text:#e6eaf0;--soft:#9aa5b4;--rule:#2c3542;
--good:#3fcf8e;--great:#5db3f5;--bad:#ff8a80;--unknown:#9aa5b4}}
*{box-sizing:border-box}
body{margin:0;background:var(--page);color:var(--text);
font:15px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,"DejaVu Sans",Arial,sans-serif}
main{max-width:1480px;margin:0 auto;padding:16px}
h1{font-size:24px;margin:8px 0 4px}h2{font-size:19px;margin:32px 0 10px}
p{margin:4px 0}.soft{color:var(--soft);overflow-wrap:anywhere}
nav{margin:10px 0}nav a{margin-right:14px;white-space:nowrap}a{color:var(--great)}
.tally{display:flex;flex-wrap:wrap;gap:10px;margin:14px 0}
.tally div{background:var(--card);border:1px solid var(--rule);border-radius:8px;padding:8px 16px;min-width:96px}
.tally b{display:block;font-size:24px;line-height:1.2}
.panels{columns:3 420px;column-gap:14px}
.panel{margin:0 0 14px;break-inside:avoid;background:var(--card);border:1px solid var(--rule);border-radius:8px;padding:14px}
.panel svg{display:block;width:100%;height:auto}
.scroll{overflow-x:auto;background:var(--card);border:1px solid var(--rule);border-radius:8px}
table{border-collapse:collapse;width:100%;font-size:14px}
th,td{padding:6px 12px;text-align:left;border-top:1px solid var(--rule);vertical-align:top}
thead th{border-top:0;color:var(--soft);font-weight:600}
td.number,th.number{text-align:right;white-space:nowrap;font-variant-numeric:tabular-nums}
td.verdict{font-weight:600;white-space:nowrap}
.stretch{color:var(--great)}.met{color:var(--good)}.missed{color:var(--bad)}.unknown{color:var(--unknown)}
.spread{display:block;color:var(--soft);font-size:12px}
.chip{border:1px solid currentColor;border-radius:9px;padding:0 7px;font-size:12px;color:var(--bad);white-space:nowrap}
summary{cursor:pointer;margin:8px 0}ul{padding-left:20px;margin:6px 0}li{overflow-wrap:anywhere}
@media (max-width:600px){main{padding:8px}.panel{padding:8px}th,td{padding:5px 8px}h1{font-size:20px}
.bars thead{display:none}.bars tr{display:block;border-top:1px solid var(--rule);padding:6px 0}
.bars td{display:inline-block;border:0;padding:1px 8px}.bars td:first-child{display:block;font-weight:600}
.bars td[data-head]:not(:empty)::before{content:attr(data-head) " ";color:var(--soft)}}
`.replaceAll('\n', '');
