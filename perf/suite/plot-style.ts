/**
 * Colours and type of the plots, for light and dark. The hues are those of Okabe and Ito, which people with any
 * kind of colour vision tell apart.
 */

const LIGHT = `--ink:#1c2430;--muted:#5a6473;--grid:#e4e8ee;--surface:#ffffff;--whisker:#1c2430;
--uvtep:#0072b2;--uvtep-spin:#56b4e9;--kernel:#d55e00;--veth:#8b929c;--ovs:#009e73;--vde:#cc79a7;
--c0:#0072b2;--c1:#d55e00;--c2:#009e73;--c3:#cc79a7;--c4:#b58900;--c5:#56b4e9;`;
const DARK = `--ink:#e6eaf0;--muted:#9aa5b4;--grid:#2c3542;--surface:#161b22;--whisker:#e6eaf0;
--uvtep:#3b9ddd;--uvtep-spin:#9bd5f7;--kernel:#f0803c;--veth:#8d96a3;--ovs:#2fbf94;--vde:#e29bc4;
--c0:#3b9ddd;--c1:#f0803c;--c2:#2fbf94;--c3:#e29bc4;--c4:#e0b93a;--c5:#9bd5f7;`;

const coloured = (name: string): string => `.s-${name}{--hue:var(--${name})}`;

export const PLOT_STYLE = `
.plot{${LIGHT}font:12px system-ui,-apple-system,"Segoe UI",Roboto,"DejaVu Sans",Arial,sans-serif}
@media (prefers-color-scheme:dark){.plot{${DARK}}}
${['uvtep', 'uvtep-spin', 'kernel', 'veth', 'ovs', 'vde', 'c0', 'c1', 'c2', 'c3', 'c4', 'c5'].map(coloured).join('')}
.plot text{fill:var(--ink)}
.plot .surface{fill:var(--surface)}
.plot .title{font-size:14px;font-weight:600}
.plot .name,.plot .key{font-size:12px}
.plot .value{font-size:11px;font-variant-numeric:tabular-nums}
.plot .tick,.plot .axis,.plot .none{font-size:11px;fill:var(--muted)}
.plot .none{font-style:italic}
.plot .grid{stroke:var(--grid);stroke-width:1}
.plot .bar{fill:var(--hue)}
.plot .line{fill:none;stroke:var(--hue);stroke-width:2;stroke-linejoin:round}
.plot .dashed{stroke-dasharray:5 3}
.plot .point{fill:var(--hue);stroke:var(--surface);stroke-width:1}
.plot .whisker{fill:none;stroke:var(--whisker);stroke-width:1;opacity:.75}
.plot .spread{fill:none;stroke:var(--hue);stroke-width:1;opacity:.6}
.plot .goal{stroke:var(--ink);stroke-width:2;stroke-dasharray:2 1.5}
`.replaceAll('\n', '');
