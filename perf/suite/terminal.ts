/** Text in columns, for a terminal. */

/** A number with `digits` after the point and commas between thousands. */
export function number(value: number, digits: number): string {
  return value.toLocaleString('en-US', { minimumFractionDigits: digits, maximumFractionDigits: digits });
}

/** 1, 16, 1k, 262k, 1M: sizes where a column is narrow. */
export function short(value: number): string {
  const [divisor, unit] = value >= 1e6 ? [1e6, 'M'] : value >= 1e3 ? [1e3, 'k'] : [1, ''];
  return `${Number((value / divisor).toPrecision(3))}${unit}`;
}

/** A share as per cent. */
export function percent(fraction: number, digits = 0): string {
  return `${number(fraction * 100, digits)} %`;
}

/** "1 bar", "2 bars". */
export function plural(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}

/**
 * Rows under a head, columns as wide as their widest cell; the columns in `right` stand at the right edge. A cell may
 * have several lines.
 *
 * @param below lines of any length that follow a row, by its index
 */
export function columns(
  head: readonly string[],
  rows: readonly string[][],
  right: ReadonlySet<number>,
  below: (row: number) => readonly string[] = () => [],
): string[] {
  const widths = head.map((_, column) =>
    Math.max(...[head, ...rows].flatMap((row) => row[column]!.split('\n').map((text) => text.length))),
  );
  const lines = (row: readonly string[]): string[] => {
    const cells = row.map((cell) => cell.split('\n'));
    const height = Math.max(...cells.map((parts) => parts.length));
    return Array.from({ length: height }, (_, line) =>
      cells
        .map((parts) => parts[line] ?? '')
        .map((text, column) =>
          right.has(column) ? text.padStart(widths[column]!) : text.padEnd(widths[column]!),
        )
        .join('  ')
        .trimEnd(),
    );
  };
  const rule = widths.map((width) => '-'.repeat(width)).join('  ');
  return [...lines(head), rule, ...rows.flatMap((row, index) => [...lines(row), ...below(index)])];
}

/** A list item wrapped to a width, later lines indented. */
export function wrapped(text: string, width: number, indent = '    '): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    if (line.trim() && line.length + 1 + word.length > width) {
      lines.push(line);
      line = indent + word;
    } else line = line ? `${line} ${word}` : word;
  }
  return [...lines, line];
}
