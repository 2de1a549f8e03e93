/** Copies a text, and says so for a moment. */
import { Button, type ButtonProps } from '@fluentui/react-components';
import { useState } from 'react';
import { useTranslation } from './translation';

/** How long it is said, in milliseconds. */
const SAID_MS = 2000;

/** Copying, and whether it was done a moment ago. */
export function useCopy(text: string): [copy: () => void, isCopied: boolean] {
  const [isCopied, setCopied] = useState(false);
  const copy = () =>
    void navigator.clipboard.writeText(text).then(() => {
      setCopied(true);
      setTimeout(() => setCopied(false), SAID_MS);
    });
  return [copy, isCopied];
}

export function CopyButton(
  props: { text: string; label: string } & Pick<
    ButtonProps,
    'appearance' | 'className' | 'icon' | 'size'
  >,
) {
  const { t } = useTranslation();
  const { text, label, ...rest } = props;
  const [copy, isCopied] = useCopy(text);
  return (
    <Button {...rest} onClick={copy}>
      <span aria-live="polite">{isCopied ? t('ui.copied') : label}</span>
    </Button>
  );
}
