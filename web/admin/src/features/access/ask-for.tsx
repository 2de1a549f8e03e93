/** Where the other tenant's admin finds an id, in words that can be sent there. */
import { CopyButton } from '@isopolity/ui';
import { useTranslation } from '@isopolity/ui/translation';

export function AskFor({ hint, way }: { hint: string; way: string }) {
  const { t } = useTranslation();
  return (
    <>
      {hint} {way} <CopyButton size="small" text={way} label={t('access.copyWay')} />
    </>
  );
}
