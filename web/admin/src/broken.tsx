/** A screen that can't be drawn: a fault of ours, said as one. The rest of the app goes on. */
import { asProblem } from '@isopolity/core';
import { Failure, PageHead } from '@isopolity/ui';
import type { BrokenProps } from '@isopolity/ui/router';
import { useTranslation } from '@isopolity/ui/translation';

export function Broken({ error, reset }: BrokenProps) {
  const { t } = useTranslation();
  return (
    <>
      <PageHead title={t('broken.title')} />
      <Failure problem={asProblem(error)} onRetry={reset} />
    </>
  );
}
