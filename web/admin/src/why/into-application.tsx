/** Whether an account of the own tenant may use one of its applications, and what decides. */
import { asProblem } from '@isopolity/core';
import { Failure } from '@isopolity/ui';
import { useTranslation } from '@isopolity/ui/translation';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { servicePrincipal } from '../api/queries';
import { ObjectPicker } from '../objects/picker';
import { useTenants } from '../tenants';
import { Answer } from './explained';

export function IntoApplication({ user }: { user: string }) {
  const { t } = useTranslation();
  const { own } = useTenants();
  const [picked, setPicked] = useState<string>();
  const read = useQuery(servicePrincipal(picked));
  return (
    <>
      <ObjectPicker
        kind="applications"
        single
        label={t('explain.whichApp')}
        value={picked ? [picked] : []}
        onChange={([id]) => setPicked(id)}
      />
      {read.error && <Failure problem={asProblem(read.error)} />}
      {read.data && (
        <div aria-live="polite">
          <Answer
            action="signin"
            user={user}
            to={own}
            application={read.data.appId}
            applicationName={read.data.displayName ?? undefined}
          />
        </div>
      )}
    </>
  );
}
