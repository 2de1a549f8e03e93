/** Signing in didn't work: why, and the way to try again. */
import { Button } from '@fluentui/react-components';
import type { Problem } from '@isopolity/core';
import { Failure } from '@isopolity/ui';
import { useTranslation } from '@isopolity/ui/translation';
import { LonePage } from './lone-page';
import { session } from './session';

export function StartFailure({ problem }: { problem: Problem }) {
  const { t } = useTranslation();
  return (
    <LonePage title={t('start.failed')}>
      <Failure problem={problem} />
      <Button appearance="primary" onClick={() => void session.signIn({ chooseAccount: true })}>
        {t('start.again')}
      </Button>
    </LonePage>
  );
}
