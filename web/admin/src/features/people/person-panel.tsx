/** One person: what is known, what may be done, and where the person appears or doesn't, and why. */
import { Button, makeStyles, tokens } from '@fluentui/react-components';
import { EditRegular } from '@fluentui/react-icons';
import { asProblem, type Change, formatNumber } from '@isopolity/core';
import {
  Ask,
  Facts,
  Failure,
  GraphCall,
  Lines,
  ShortId,
  SidePanel,
  Status,
  Time,
  useAct,
  useAddress,
} from '@isopolity/ui';
import { useTranslation } from '@isopolity/ui/translation';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { Person } from '../../api/shapes';
import { restoring } from '../../objects/deleted';
import { graph } from '../../session';
import { useTenants } from '../../tenants';
import { Explained } from '../../why/explained';
import { IntoApplication } from '../../why/into-application';
import { useDeletionText } from './deletion-text';
import { GivePass } from './give-pass';
import { originOf, removal, SELECT, wordsOf } from './people-list';
import { PersonForm } from './person-form';
import { ResetPassword } from './reset-password';
import { SigningIn } from './signing-in';

const useStyles = makeStyles({
  title: { margin: '24px 0 8px', fontSize: 'inherit', fontWeight: tokens.fontWeightSemibold },
});

export const personQuery = (id: string) => ({
  queryKey: ['people', id],
  queryFn: ({ signal }: { signal: AbortSignal }) =>
    graph.get(Person, `/beta/users/${id}?$select=${SELECT}`, { signal }),
});

export function PersonPanel({ id, onClose }: { id: string; onClose: () => void }) {
  const { t } = useTranslation();
  const styles = useStyles();
  const [address, change] = useAddress();
  const { active, own } = useTenants();
  const { run, isRunning } = useAct();
  const [isDeleting, setDeleting] = useState(false);
  const deletionText = useDeletionText();
  const read = useQuery(personQuery(id));
  const person = read.data;
  if (!person) {
    return (
      <SidePanel title={t('person.one')} onClose={onClose}>
        {read.error ? (
          <Failure problem={asProblem(read.error)} onRetry={() => void read.refetch()} />
        ) : (
          <Lines count={6} />
        )}
      </SidePanel>
    );
  }
  const back = () => change({ edit: undefined }, true);
  if (address.edit === 'password') return <ResetPassword person={person} onClose={back} />;
  if (address.edit === 'pass') return <GivePass person={person} onClose={back} />;
  if (address.edit) return <PersonForm person={person} onClose={back} />;
  const origin = originOf(person);
  const isAcross = origin !== 'own';
  const path = `/v1.0/users/${id}`;
  // Of a person whose home is elsewhere only the block is this tenant's.
  const isBlocked = isAcross ? Boolean(person.blockedHere) : !person.accountEnabled;
  const blockTo = (blocked: boolean): Change => ({
    method: 'PATCH',
    path,
    body: isAcross ? { blockedHere: blocked } : { accountEnabled: !blocked },
  });
  const attributes: [string, string | null | undefined][] = [
    [t('column.userName'), person.userPrincipalName],
    [t('attribute.mail'), person.mail],
    [t('attribute.jobTitle'), person.jobTitle],
    [t('attribute.department'), person.department],
    [t('attribute.companyName'), person.companyName],
    [t('attribute.officeLocation'), person.officeLocation],
    [t('attribute.city'), person.city],
    [t('attribute.country'), person.country],
    [t('attribute.mobilePhone'), person.mobilePhone],
    [t('attribute.employeeId'), person.employeeId],
  ];
  const others = active.filter(({ tenantId }) => tenantId !== own);
  return (
    <SidePanel
      title={person.displayName ?? person.userPrincipalName ?? id}
      subtitle={
        <Status tone={person.accountEnabled ? 'good' : 'bad'}>
          {person.accountEnabled ? t('person.enabled') : t('person.disabled')} ·{' '}
          {wordsOf(person, t)}
        </Status>
      }
      onClose={onClose}
      foot={
        <>
          <Button
            appearance="primary"
            icon={<EditRegular />}
            onClick={() => change({ edit: '1' }, true)}
          >
            {t('ui.edit')}
          </Button>
          <Button
            disabled={isRunning}
            onClick={() =>
              void run({
                change: blockTo(!isBlocked),
                undo: blockTo(isBlocked),
                done: t(isBlocked ? 'person.unblockedDone' : 'person.blockedDone', {
                  name: person.displayName ?? '',
                }),
                optimistic: [
                  {
                    key: ['people', id],
                    update: (before: Person) => ({
                      ...before,
                      blockedHere: isAcross && !isBlocked,
                      accountEnabled: isBlocked,
                    }),
                  },
                ],
                refresh: [['people'], ['sharing'], ['explain']],
              })
            }
          >
            {isBlocked
              ? isAcross
                ? t('person.unblock')
                : t('person.enable')
              : isAcross
                ? t('person.block')
                : t('person.disable')}
          </Button>
          <Button disabled={isRunning || isDeleting} onClick={() => setDeleting(true)}>
            {t('person.delete')}
          </Button>
        </>
      }
    >
      {isDeleting && (
        <Ask
          text={deletionText([person])}
          action={t('person.deleteDo', { count: 1, number: formatNumber(1) })}
          change={removal(id)}
          isRunning={isRunning}
          onDo={() =>
            void run({
              change: removal(id),
              undo: restoring(id),
              done: t('person.deletedDone', { count: 1 }),
              refresh: [['people'], ['sharing'], ['deleted']],
              after: onClose,
            })
          }
          onCancel={() => setDeleting(false)}
        />
      )}
      <Facts
        facts={[
          ...attributes.map(
            ([term, value]) => [term, value && <bdi key={term}>{value}</bdi>] as const,
          ),
          [t('column.objectId'), <ShortId key="id" id={id} />],
          [t('column.created'), <Time key="created" at={person.createdDateTime} />],
        ]}
      />
      <SigningIn person={person} />
      {isAcross ? (
        <section>
          <h3 className={styles.title}>{t('person.here')}</h3>
          <p>{t('person.homeDecides')}</p>
          <Explained key={own} user={id} tenant={own} />
        </section>
      ) : (
        others.length > 0 && (
          <section>
            <h3 className={styles.title}>{t('person.across')}</h3>
            {others.map(({ tenantId }) => (
              <Explained key={tenantId} user={id} tenant={tenantId} />
            ))}
          </section>
        )
      )}
      <section>
        <h3 className={styles.title}>{t('person.applications')}</h3>
        <IntoApplication key={id} user={id} />
      </section>
      <GraphCall change={blockTo(!isBlocked)} />
    </SidePanel>
  );
}
