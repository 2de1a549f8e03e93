/** Joining an organization: both consents, which settings that changes, and whom it shares, before it is done. */
import { Button, Field, makeStyles, Textarea } from '@fluentui/react-components';
import { asProblem, type Change, formatDate, formatList, formatNumber } from '@isopolity/core';
import { Failure, GraphCall, Lines, SidePanel, useAct } from '@isopolity/ui';
import { useTranslation } from '@isopolity/ui/translation';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { joinRequest } from '../../api/queries';
import { type Invitation, JoinPreview } from '../../api/shapes';
import { graph } from '../../session';
import { useTenants } from '../../tenants';
import { Consents, type Given } from './consents';
import { SettingChanges } from './setting-changes';
import { mostShared, SharedByJoining, useSharedByJoining } from './shared-by-joining';

const useStyles = makeStyles({
  form: { display: 'grid', gap: '16px' },
  text: { margin: 0 },
  title: { margin: '8px 0 0', fontSize: 'inherit' },
});

export function JoinPanel({
  invitation,
  onClose,
}: {
  invitation: Invitation;
  onClose: () => void;
}) {
  const { t } = useTranslation();
  const styles = useStyles();
  const { name } = useTenants(invitation.members);
  const { run, isRunning, problem } = useAct({ inPlace: true });
  const [given, setGiven] = useState<Given>({ acceptUsers: true, skipConsent: true });
  const [reason, setReason] = useState<string>();
  const by = invitation.addedByTenantId;
  const path = `/beta/isopolity/invitations/${by}`;
  const preview = useQuery({
    queryKey: ['invitations', 'preview', by, given],
    queryFn: ({ signal }) =>
      graph.ask(JoinPreview, { method: 'POST', path: `${path}/preview`, body: given }, signal),
    placeholderData: (before) => before,
  });
  const shared = useSharedByJoining(by);
  const request = useQuery(joinRequest);
  const failed =
    request.data?.addedByTenantId === by && request.data.transitionDetails?.status === 'failed'
      ? request.data.transitionDetails.details
      : undefined;
  const organization = invitation.organizationName ?? '';
  const join: Change = { method: 'POST', path: `${path}/accept`, body: given };
  const decline: Change = {
    method: 'POST',
    path: `${path}/decline`,
    body: reason?.trim() ? { reason: reason.trim() } : {},
  };
  const changes = preview.data?.changes ?? [];
  const loosening = changes.filter(({ loosens }) => loosens).length;
  const people = mostShared(shared.data);
  const isDeclining = reason !== undefined;

  return (
    <SidePanel
      wide
      title={t('join.title', { organization })}
      subtitle={t('join.subtitle', {
        tenant: name(by),
        date: formatDate(invitation.expirationDateTime),
      })}
      onClose={onClose}
      foot={
        isDeclining ? (
          <>
            <Button
              appearance="primary"
              disabled={isRunning}
              onClick={() =>
                void run({
                  change: decline,
                  done: t('join.declined', { organization }),
                  refresh: [['invitations'], ['organization']],
                  after: onClose,
                })
              }
            >
              {t('join.decline', { organization })}
            </Button>
            <Button onClick={() => setReason(undefined)}>{t('ui.back')}</Button>
          </>
        ) : (
          <>
            <Button
              appearance="primary"
              disabled={isRunning || !preview.data || shared.isPending}
              onClick={() =>
                void run({ change: join, done: t('join.done', { organization }), after: onClose })
              }
            >
              {people
                ? t('join.doAndShare', { count: people, number: formatNumber(people) })
                : loosening
                  ? t('join.doAndOpen', { count: loosening, organization })
                  : t('join.do', { organization })}
            </Button>
            <Button onClick={() => setReason('')}>{t('join.declineFirst')}</Button>
          </>
        )
      }
    >
      <div className={styles.form}>
        {failed && <Failure problem={asProblem(new Error(failed))} />}
        {isDeclining ? (
          <Field label={t('join.reason')} hint={t('join.reasonHint', { tenant: name(by) })}>
            <Textarea
              value={reason}
              maxLength={500}
              onChange={(_, { value }) => setReason(value)}
            />
          </Field>
        ) : (
          <>
            <p className={styles.text}>
              {t('join.with', {
                tenants: formatList(invitation.members.map(name)),
                domains: formatList(invitation.inviterVerifiedDomains ?? []),
                tenant: name(by),
              })}
            </p>
            <Consents given={given} onChange={setGiven} />
            <h3 className={styles.title}>{t('join.people')}</h3>
            <SharedByJoining shared={shared} />
            <p className={styles.text}>
              {t(given.acceptUsers ? 'join.whoComes' : 'join.nobodyComes')}
            </p>
            <h3 className={styles.title}>
              {preview.data ? t('join.changes', { count: changes.length }) : t('ui.loading')}
            </h3>
            {!preview.data && !preview.error && <Lines count={4} />}
            {preview.error && <Failure problem={asProblem(preview.error)} />}
            <div>
              <SettingChanges changes={changes} />
            </div>
            <p className={styles.text}>{t('join.notOpened')}</p>
          </>
        )}
        {problem && <Failure problem={problem} isChange />}
        <GraphCall change={isDeclining ? decline : join} />
      </div>
    </SidePanel>
  );
}
