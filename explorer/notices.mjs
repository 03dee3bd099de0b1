// Gathers the licences of the packages whose code ended up in the bundle.
import { readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';

const MIT = `Permission is hereby granted, free of charge, to any person obtaining a copy of this software and associated
documentation files (the "Software"), to deal in the Software without restriction, including without limitation the
rights to use, copy, modify, merge, publish, distribute, sublicense, and/or sell copies of the Software, and to permit
persons to whom the Software is furnished to do so, subject to the following conditions:

The above copyright notice and this permission notice shall be included in all copies or substantial portions of the
Software.

THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR IMPLIED, INCLUDING BUT NOT LIMITED TO THE
WARRANTIES OF MERCHANTABILITY, FITNESS FOR A PARTICULAR PURPOSE AND NONINFRINGEMENT. IN NO EVENT SHALL THE AUTHORS OR
COPYRIGHT HOLDERS BE LIABLE FOR ANY CLAIM, DAMAGES OR OTHER LIABILITY, WHETHER IN AN ACTION OF CONTRACT, TORT OR
OTHERWISE, ARISING FROM, OUT OF OR IN CONNECTION WITH THE SOFTWARE OR THE USE OR OTHER DEALINGS IN THE SOFTWARE.`;

/** The folder of the package that a bundled file belongs to; undefined for our own files. */
function packageOf(input) {
  return /^(.*node_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(input)?.[1];
}

function noticeOf(folder) {
  const { name, version, license, author } = JSON.parse(readFileSync(path.join(folder, 'package.json'), 'utf8'));
  const texts = readdirSync(folder)
    .filter((file) => /^(licen[cs]e|copying|notice|thirdpartynotice)/i.test(file))
    .sort()
    .map((file) => readFileSync(path.join(folder, file), 'utf8').trim());
  // Some packages name their licence and leave its text out.
  if (texts.length === 0 && license === 'MIT') {
    texts.push(`Copyright (c) ${author?.name ?? author ?? `the authors of ${name}`}\n\n${MIT}`);
  }
  if (texts.length === 0) throw new Error(`${name} comes without the text of its licence`);
  return `${name} ${version} (${license})\n\n${texts.join('\n\n')}\n`;
}

export function noticesOf(inputs) {
  const folders = new Set([...inputs].map(packageOf).filter(Boolean));
  const notices = new Set([...folders].map(noticeOf));
  const rule = `\n${'='.repeat(80)}\n\n`;
  const fonts = 'Its style carries the fonts Roboto (Apache-2.0) and Fira Code (OFL-1.1), as @graphiql/react ships them.';
  return [`The explorer is made of these packages.\n${fonts}\n`, ...[...notices].sort()].join(rule);
}
