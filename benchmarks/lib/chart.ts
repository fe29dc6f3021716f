/** The medians of a run as bars, in SVG: a group for each section, scaled to its own longest. */
import type { Section } from './results.ts';
import { micros } from './tables.ts';

interface Bars {
  readonly title: string;
  readonly bars: readonly { readonly name: string; readonly value: number }[];
}

const lineHeight = 18;
const left = 220;
const longestBar = 400;
const width = 720;
const style =
  'text{font:12px sans-serif;fill:#444}.title{font-weight:bold}.ours{fill:#2b7a4b}.other{fill:#9aa5b1}';

/** Sections without bars are left out. */
export function chart(sections: readonly Section[]): string {
  let y = 10;
  const parts: string[] = [];
  for (const { title, bars } of sections.flatMap(barsOf)) {
    parts.push(`<text x="10" y="${y + 14}" class="title">${escapeText(title)}</text>`);
    y += 24;
    const longest = Math.max(...bars.map(({ value }) => value));
    for (const { name, value } of bars) {
      const length = longest > 0 ? Math.max(0, (value / longest) * longestBar) : 0;
      const whose = name.startsWith('reverseit') ? 'ours' : 'other';
      parts.push(
        `<text x="${left - 8}" y="${y + 13}" text-anchor="end">${escapeText(name)}</text>`,
        `<rect x="${left}" y="${y}" width="${length.toFixed(1)}" height="${lineHeight - 4}" class="${whose}"/>`,
        `<text x="${(left + length + 6).toFixed(1)}" y="${y + 13}">${micros(value)}</text>`,
      );
      y += lineHeight;
    }
    y += 16;
  }
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${y}" viewBox="0 0 ${width} ${y}"><style>${style}</style><rect width="${width}" height="${y}" fill="#fff"/>${parts.join('')}</svg>\n`;
}

function barsOf(section: Section): readonly Bars[] {
  if (section.kind === 'load') {
    const bars = section.figures.map(({ target, cpu }) => ({ name: target, value: cpu.median }));
    return [{ title: `${section.title}: CPU µs per ${section.unit}`, bars }];
  }
  if (section.kind !== 'idle') return [];
  const bars = section.figures.map(({ target, bytes }) => ({
    name: target,
    value: bytes.median / 1024,
  }));
  return [{ title: `${section.title}: KiB`, bars }];
}

const escapeText = (text: string): string =>
  text.replace(/[&<>]/g, (c) => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;' })[c] ?? c);
