/**
 * Filters and attribute mappings of the sharing with one tenant. What they make of a real person, and
 * whom they add and remove, is seen while they are written.
 */
import { Button, makeStyles, tokens } from '@fluentui/react-components';
import { asProblem, type Change } from '@isopolity/core';
import {
  Ask,
  Failure,
  GraphCall,
  Lines,
  SidePanel,
  Status,
  useAct,
  useAddress,
  useRested,
} from '@isopolity/ui';
import { useLeaving } from '@isopolity/ui/router';
import { useTranslation } from '@isopolity/ui/translation';
import { useQuery } from '@tanstack/react-query';
import { useDeferredValue, useMemo, useRef, useState } from 'react';
import { SharingPreview } from '../../api/shapes';
import { ObjectPicker } from '../../objects/picker';
import { graph } from '../../session';
import { useTenants } from '../../tenants';
import { Effect } from '../sharing/effect';
import { AttributesEditor } from './attributes-editor';
import { FilterEditor } from './filter-editor';
import {
  attributesOf,
  filledGroups,
  type ObjectMapping,
  pairPath,
  type Schema,
  schemaQuery,
  Tried,
  usersOf,
  withUsers,
} from './model';

const useStyles = makeStyles({
  form: { display: 'grid', gap: '20px' },
  title: { margin: '0 0 8px', fontSize: 'inherit', fontWeight: tokens.fontWeightSemibold },
  text: { margin: '0 0 12px', color: tokens.colorNeutralForeground2 },
  box: {
    display: 'grid',
    gap: '10px',
    padding: '16px',
    border: `1px solid ${tokens.colorNeutralStroke2}`,
    borderRadius: tokens.borderRadiusLarge,
  },
  line: { margin: 0 },
});

export function MappingPanel({ tenant, onClose }: { tenant: string; onClose: () => void }) {
  const { t } = useTranslation();
  const { name } = useTenants();
  const read = useQuery(schemaQuery(tenant));
  const title = t('mapping.title', { tenant: name(tenant) });
  const users = read.data && usersOf(read.data);
  if (!read.data || !users) {
    return (
      <SidePanel wide title={title} onClose={onClose}>
        {read.error ? (
          <Failure problem={asProblem(read.error)} onRetry={() => void read.refetch()} />
        ) : (
          <Lines count={8} />
        )}
      </SidePanel>
    );
  }
  return (
    <Editor title={title} tenant={tenant} schema={read.data} saved={users} onClose={onClose} />
  );
}

function Editor(props: {
  title: string;
  tenant: string;
  schema: Schema;
  saved: ObjectMapping;
  onClose: () => void;
}) {
  const { t } = useTranslation();
  const styles = useStyles();
  const { tenant, schema, saved, onClose } = props;
  const { name } = useTenants();
  const { run, isRunning, problem } = useAct({ inPlace: true });
  const [groups, setGroups] = useState(saved.scope?.groups ?? []);
  const [mappings, setMappings] = useState(saved.attributeMappings);
  // Who asks why somebody is left out has this person before them.
  const [address] = useAddress();
  const [person, setPerson] = useState(address.person ? [address.person] : []);
  const path = `${pairPath(tenant)}/schema`;

  const body = useMemo(() => {
    const filled = filledGroups(groups);
    const { synchronizationRules } = withUsers(schema, {
      scope: filled.length || saved.scope ? { ...saved.scope, groups: filled } : null,
      attributeMappings: mappings,
    });
    return { synchronizationRules };
  }, [schema, saved, groups, mappings]);
  const isChanged =
    JSON.stringify(body.synchronizationRules) !== JSON.stringify(schema.synchronizationRules);
  const [leaving, setLeaving] = useState<() => void>();
  const isSaved = useRef(false);
  useLeaving(isChanged, (goOn) => {
    if (isSaved.current) goOn();
    else setLeaving(() => goOn);
  });
  const rested = useRested(body);
  const effect = useQuery({
    queryKey: ['sharing', 'schemaEffect', tenant, rested],
    queryFn: ({ signal }) =>
      graph.ask(
        SharingPreview,
        { method: 'POST', path: `${path}/preview`, body: { schema: rested } },
        signal,
      ),
    placeholderData: (before) => before,
  });
  const [user] = person;
  const tried = useQuery({
    queryKey: ['sharing', 'schemaTried', tenant, user, rested],
    queryFn: ({ signal }) =>
      graph.ask(
        Tried,
        { method: 'POST', path: `${path}/preview`, body: { schema: rested, userId: user } },
        signal,
      ),
    enabled: Boolean(user),
    placeholderData: (before) => before,
  });
  const isUnfinished = JSON.stringify(filledGroups(groups)) !== JSON.stringify(groups);
  const answer = useDeferredValue(user ? tried.data : undefined);
  const sources = useMemo(() => attributesOf(schema, 'source'), [schema]);
  const targets = useMemo(() => attributesOf(schema, 'target'), [schema]);
  const change: Change = { method: 'PATCH', path, body };
  const back: Change = { method: 'DELETE', path };
  const undo: Change =
    schema.source === 'own'
      ? {
          method: 'PATCH',
          path,
          body: { synchronizationRules: schema.synchronizationRules },
        }
      : back;
  const save = (what: Change, done: string) =>
    void run({
      change: what,
      undo,
      done,
      refresh: [['sharing'], ['readiness']],
      after: () => {
        isSaved.current = true;
        onClose();
      },
    });
  const standing = !answer
    ? undefined
    : !answer.isEligible
      ? 'notEligible'
      : !answer.isEnabled
        ? 'disabled'
        : answer.standing;

  return (
    <SidePanel
      wide
      title={props.title}
      subtitle={t(schema.source === 'own' ? 'mapping.own' : 'mapping.default')}
      onClose={onClose}
      foot={
        <>
          <Button
            appearance="primary"
            disabled={!isChanged || isRunning || Boolean(effect.error)}
            onClick={() => save(change, t('mapping.saved', { tenant: name(tenant) }))}
          >
            {t('mapping.save', { tenant: name(tenant) })}
          </Button>
          {schema.source === 'own' && (
            <Button
              disabled={isRunning}
              onClick={() => save(back, t('mapping.backDone', { tenant: name(tenant) }))}
            >
              {t('share.useDefault')}
            </Button>
          )}
          <Button onClick={onClose}>{t('ui.cancel')}</Button>
        </>
      }
    >
      {leaving && (
        <Ask
          text={t('mapping.unsaved')}
          action={t('mapping.discard')}
          onDo={leaving}
          onCancel={() => setLeaving(undefined)}
        />
      )}
      <div className={styles.form}>
        <section className={styles.box} aria-label={t('mapping.try')}>
          <ObjectPicker
            single
            kind="users"
            label={t('mapping.try')}
            hint={t('mapping.tryHint')}
            value={person}
            onChange={setPerson}
          />
          {tried.error && <Failure problem={asProblem(tried.error)} />}
          {user && !answer && !tried.error && <Lines count={1} />}
          <div role="status">
            {standing && (
              <Status tone={standing === 'inScope' ? 'good' : 'bad'}>
                {t(`mapping.standing.${standing}`)}
              </Status>
            )}
          </div>
        </section>
        <section aria-label={t('mapping.filter')}>
          <h3 className={styles.title}>{t('mapping.filter')}</h3>
          <p className={styles.text}>
            {t(groups.length ? 'mapping.filterText' : 'mapping.noFilter')}
          </p>
          <FilterEditor
            groups={groups}
            attributes={sources}
            tried={isUnfinished ? undefined : answer?.groups}
            onChange={setGroups}
          />
        </section>
        <section aria-label={t('mapping.attributes')}>
          <h3 className={styles.title}>{t('mapping.attributes')}</h3>
          <p className={styles.text}>{t('mapping.attributesText', { tenant: name(tenant) })}</p>
          <AttributesEditor
            mappings={mappings}
            targets={targets}
            tried={answer?.attributes}
            onChange={setMappings}
          />
        </section>
        <Effect
          effect={effect.data}
          error={effect.error}
          isBusy={effect.isFetching && !effect.data}
        >
          {isChanged && <p className={styles.line}>{t('mapping.again')}</p>}
        </Effect>
        {problem && <Failure problem={problem} isChange />}
        {isChanged && <GraphCall change={change} />}
      </div>
    </SidePanel>
  );
}
