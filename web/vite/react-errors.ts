/**
 * React throws a few marks of its own, which are errors made when it is loaded and never shown. For
 * the lines in each one's stack trace the engine may parse all that is being loaded a second time, and
 * does where a developer's tools are open or a tool measures: an eighth of the work until the first
 * screen. Here they are made without a trace.
 */
import type { Plugin } from 'vite';

const FILE = /react-dom-client\.production\.js$/;
/** Variables of the module itself: `var SuspenseException = Error(…)`. */
const MARK = /^((?:var)? *\w+Exception = )Error\((formatProdErrorMessage\(\d+\))\)/gm;
const MARKS = 5;

export function reactErrors(): Plugin {
  return {
    name: 'react-errors',
    apply: 'build',
    transform(code, id) {
      if (!FILE.test(id)) return undefined;
      let found = 0;
      const changed = code.replace(MARK, (_, variable: string, message: string) => {
        found += 1;
        return `${variable}Object.create(Error.prototype, { message: { value: ${message} } })`;
      });
      if (found !== MARKS) throw new Error(`React makes ${found} marks, not ${MARKS}`);
      return { code: changed, map: null };
    },
  };
}
