/** Edits whom an entry shares; whom that adds and removes is seen before it is saved. */
import {
  Button,
  Checkbox,
  Field,
  Input,
  makeStyles,
  Radio,
  RadioGroup,
} from '@fluentui/react-components';
import { asProblem, type Change, formatNumber } from '@isopolity/core';
import { Failure, GraphCall, Lines, SidePanel, useAct, useRested } from '@isopolity/ui';
import { useTranslation } from '@isopolity/ui/translation';
import { useQuery } from '@tanstack/react-query';
import { useMemo, useState } from 'react';
import { sharingEntry, sharingStatus } from '../../api/queries';
import { type Sharing, SharingPreview } from '../../api/shapes';
import { ObjectPicker } from '../../objects/picker';
import { graph } from '../../session';
import { useTenants } from '../../tenants';
import { Effect } from './effect';
import { RuleEditor } from './rule-editor';

const SHARING = '/beta/isopolity/userSharing';

const useStyles = makeStyles({
  form: { display: 'grid', gap: '16px' },
});

const nobody: Sharing = {
  scope: 'none',
  users: [],
  groups: [],
  groupObjects: false,
  rule: null,
  untilDateTime: null,
};

/** What is sent: with another scope than a choice there is nothing to choose. */
function bodyOf(entry: Sharing): Record<string, unknown> {
  const until = entry.untilDateTime ? { untilDateTime: entry.untilDateTime } : {};
  if (entry.scope !== 'selected') return { scope: entry.scope, ...until };
  return {
    scope: 'selected',
    users: entry.users,
    groups: entry.groups,
    ...(entry.groupObjects ? { groupObjects: true } : {}),
    ...(entry.rule?.trim() ? { rule: entry.rule.trim() } : {}),
    ...until,
  };
}

/** A date of a field as the end of that day here, and back. */
const endOf = (date: string): string | null =>
  date ? new Date(`${date}T23:59:59`).toISOString().replace(/\.\d+Z$/, 'Z') : null;
const dateOf = (time: string | null | undefined): string => {
  if (!time) return '';
  const at = new Date(time);
  const two = (number: number) => String(number).padStart(2, '0');
  return `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}`;
};

export function ScopeEditor({
  tenant,
  onClose,
}: {
  tenant: string | undefined;
  onClose: () => void;
}) {
  const { t } = useTranslation();
  const { name } = useTenants();
  const status = useQuery(sharingStatus);
  const isOwn = status.data?.find(({ tenantId }) => tenantId === tenant)?.source === 'own';
  const saved = useQuery({
    ...sharingEntry(tenant),
    enabled: !tenant || Boolean(status.data),
  });
  const title = tenant ? t('share.editWith', { tenant: name(tenant) }) : t('share.editDefault');
  if (!saved.data) {
    return (
      <SidePanel wide title={title} onClose={onClose}>
        {saved.error ? <Failure problem={asProblem(saved.error)} /> : <Lines count={6} />}
      </SidePanel>
    );
  }
  return (
    <Editor
      title={title}
      tenant={tenant}
      saved={saved.data}
      isOwn={isOwn === true}
      onClose={onClose}
    />
  );
}

function Editor(props: {
  title: string;
  tenant: string | undefined;
  saved: Sharing;
  isOwn: boolean;
  onClose: () => void;
}) {
  const { t } = useTranslation();
  const styles = useStyles();
  const { tenant, saved, onClose } = props;
  const { name } = useTenants();
  const { run, isRunning, problem } = useAct({ inPlace: true });
  const [entry, setEntry] = useState<Sharing>(saved);
  const [allows, setAllows] = useState(false);
  const set = (changes: Partial<Sharing>) => setEntry({ ...entry, ...changes });
  const path = tenant ? `${SHARING}/tenants/${tenant}` : `${SHARING}/default`;

  // The preview follows what is entered when the hand rests.
  const body = useMemo(() => bodyOf(entry), [entry]);
  const previewed = useRested(body);
  const preview = useQuery({
    queryKey: ['sharing', 'preview', path, previewed],
    queryFn: ({ signal }) =>
      graph.ask(
        SharingPreview,
        { method: 'POST', path: `${path}/preview`, body: previewed },
        signal,
      ),
    placeholderData: (before) => before,
  });
  const shown = preview.data;
  const trips = shown?.deletionGuard.trips ?? false;
  const isPast = entry.untilDateTime && new Date(entry.untilDateTime).getTime() <= Date.now();
  const isStale = previewed !== body || preview.isFetching;
  const change: Change = {
    method: 'PUT',
    path,
    body: { ...body, ...(trips && allows ? { allowDeletions: true } : {}) },
  };
  const undo: Change =
    tenant && !props.isOwn
      ? { method: 'DELETE', path }
      : { method: 'PUT', path, body: bodyOf(saved) };
  const count = shown?.inScope ?? 0;
  const number = formatNumber(count);

  return (
    <SidePanel
      wide
      title={props.title}
      onClose={onClose}
      foot={
        <>
          <Button
            appearance="primary"
            disabled={isRunning || isStale || Boolean(preview.error)}
            onClick={() =>
              void run({
                change,
                undo,
                done: tenant ? t('share.saved', { tenant: name(tenant) }) : t('share.savedDefault'),
                refresh: [['sharing'], ['readiness']],
                after: onClose,
              })
            }
          >
            {count
              ? tenant
                ? t('share.do', { count, number, tenant: name(tenant) })
                : t('share.doDefault', { count, number })
              : t('share.doNobody')}
          </Button>
          {tenant && props.isOwn && (
            <Button
              disabled={isRunning}
              onClick={() =>
                void run({
                  change: { method: 'DELETE', path },
                  undo: { method: 'PUT', path, body: bodyOf(saved) },
                  done: t('share.backToDefault', { tenant: name(tenant) }),
                  refresh: [['sharing'], ['readiness']],
                  after: onClose,
                })
              }
            >
              {t('share.useDefault')}
            </Button>
          )}
          <Button onClick={onClose}>{t('ui.cancel')}</Button>
        </>
      }
    >
      <div className={styles.form}>
        <Field label={t('share.whom')}>
          <RadioGroup
            value={entry.scope}
            onChange={(_, { value }) => set({ scope: value as Sharing['scope'] })}
          >
            <Radio value="all" label={t('scope.all')} />
            <Radio value="selected" label={t('scope.selected')} />
            <Radio value="none" label={t('scope.none')} />
          </RadioGroup>
        </Field>
        {entry.scope === 'selected' && (
          <>
            <ObjectPicker
              kind="groups"
              label={t('share.groups')}
              hint={t('share.groupsHint')}
              value={entry.groups}
              onChange={(groups) => set({ groups })}
            />
            {entry.groups.length > 0 && (
              <Checkbox
                label={t('share.groupObjects')}
                checked={entry.groupObjects}
                onChange={(_, { checked }) => set({ groupObjects: checked === true })}
              />
            )}
            <ObjectPicker
              kind="users"
              label={t('share.people')}
              value={entry.users}
              onChange={(users) => set({ users })}
            />
            <RuleEditor rule={entry.rule ?? ''} onChange={(rule) => set({ rule: rule || null })} />
          </>
        )}
        {entry.scope !== 'none' && (
          <Field
            label={t('share.until')}
            hint={t('share.untilHint')}
            {...(isPast
              ? { validationMessage: t('share.past'), validationState: 'warning' as const }
              : {})}
          >
            <Input
              type="date"
              value={dateOf(entry.untilDateTime)}
              onChange={(_, { value }) => set({ untilDateTime: endOf(value) })}
            />
          </Field>
        )}
        <Effect effect={shown} error={preview.error} isBusy={isStale}>
          {shown && trips && (
            <Checkbox
              label={t('share.allow', {
                count: shown.removed.count,
                number: formatNumber(shown.removed.count),
              })}
              checked={allows}
              onChange={(_, { checked }) => setAllows(checked === true)}
            />
          )}
        </Effect>
        {problem && <Failure problem={problem} isChange />}
        <GraphCall change={change} />
      </div>
    </SidePanel>
  );
}

export { bodyOf, nobody };
