/**
 * The API's sentences in another language.
 *
 * The API tells what is wrong in English, with names and numbers in it. A catalogue has such
 * sentences with `{0}`, `{1}` … where those stand, and the same in its language. What is told is found
 * among them by what stands between; what stands in the places may be a sentence or a clause itself
 * ("… of resource 'User': it has to be a text."). What isn't found stays as it is.
 */

/** Sentences with places, in English and in another language. */
export type Sentences = Readonly<Record<string, string>>;

/** Tells a sentence of the API in the language of a catalogue. */
export type Tell = (text: string) => string;

interface Form {
  pattern: RegExp;
  /** What the places in the pattern are called, in their order. */
  places: string[];
  /** How many letters stand between the places: of two forms that fit, the one with more is meant. */
  weight: number;
  told: string;
}

const PLACE = /\{(\d+)\}/g;
/** Sentences within sentences. */
const DEPTH_MAX = 3;
/** What is longer isn't looked for: it isn't one of ours. */
const LENGTH_MAX = 2_000;

function formOf(sentence: string, told: string): Form {
  const pieces = sentence.split(/\{\d+\}/);
  const pattern = pieces
    .map((piece) => piece.replaceAll(/[\\^$.*+?()[\]{}|]/g, '\\$&'))
    .join('([\\s\\S]*?)');
  return {
    pattern: new RegExp(`^${pattern}$`),
    places: [...sentence.matchAll(PLACE)].map(([, place]) => place ?? ''),
    weight: pieces.join('').length,
    told,
  };
}

/** Makes the function that tells the API's sentences by a catalogue. */
export function teller(sentences: Sentences): Tell {
  const whole = new Map<string, string>();
  const forms: Form[] = [];
  for (const [sentence, told] of Object.entries(sentences)) {
    if (/\{\d+\}/.test(sentence)) forms.push(formOf(sentence, told));
    else whole.set(sentence, told);
  }
  forms.sort((one, other) => other.weight - one.weight);
  const tell = (text: string, depth: number): string => {
    const known = whole.get(text);
    if (known !== undefined || depth === 0 || text.length > LENGTH_MAX) return known ?? text;
    for (const { pattern, places, told } of forms) {
      const found = pattern.exec(text);
      if (!found) continue;
      const values = new Map(places.map((place, at) => [place, found[at + 1] ?? '']));
      return told.replaceAll(PLACE, (_, place: string) => tell(values.get(place) ?? '', depth - 1));
    }
    return text;
  };
  return (text) => tell(text, DEPTH_MAX);
}
