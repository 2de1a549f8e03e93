/** The texts of the language in use, for what is drawn: all of it is drawn anew in another language. */
import { onTranslation, type Translation, translation } from '@isopolity/core';
import { createContext, Fragment, type ReactNode, useContext, useSyncExternalStore } from 'react';

const TranslationContext = createContext<Translation | undefined>(undefined);

/** Gives everything below the texts. */
export function TranslationProvider({ children }: { children: ReactNode }) {
  const current = useSyncExternalStore(onTranslation, translation);
  return <TranslationContext value={current}>{children}</TranslationContext>;
}

/** The texts (`t`), and which language they are in. */
export function useTranslation(): Translation {
  const current = useContext(TranslationContext);
  if (!current) throw new Error('no TranslationProvider above');
  return current;
}

/** A text in which `<name></name>` stands for something that is drawn. */
export function Told({ text, parts }: { text: string; parts: Record<string, ReactNode> }) {
  return text
    .split(/<(\w+)><\/\1>/)
    .map((piece, at) => <Fragment key={at}>{at % 2 ? parts[piece] : piece}</Fragment>);
}
