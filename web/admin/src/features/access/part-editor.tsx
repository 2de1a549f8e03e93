/** Edits one part: whom and to what; the sentence that it will be stands above. */
import { Button, Field, makeStyles, Radio, RadioGroup, Textarea } from '@fluentui/react-components';
import type { Change } from '@isopolity/core';
import { Failure, GraphCall, useAct } from '@isopolity/ui';
import { useTranslation } from '@isopolity/ui/translation';
import { useState } from 'react';
import type { B2b, TargetList } from '../../api/shapes';
import { ObjectPicker } from '../../objects/picker';
import { useTenants } from '../../tenants';
import { AskFor } from './ask-for';
import { Concerned } from './concerned';
import {
  inForce,
  isInbound,
  isOwn,
  listedOf,
  listFor,
  type Part,
  type Reach,
  reachOf,
} from './model';
import { pathOf, type Scope } from './partner-panel';
import { useSentences } from './sentences';

const useStyles = makeStyles({
  form: { display: 'grid', gap: '16px', marginBlockStart: '12px' },
  actions: { display: 'flex', flexWrap: 'wrap', gap: '8px' },
  change: { display: 'grid', gap: '8px' },
  sentence: { margin: 0 },
});

const REACHES = ['all', 'only', 'but', 'none'] as const;
const ID = /[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}/gi;

interface Chosen {
  reach: Reach;
  listed: { target: string; targetType: string }[];
}
/** A setting with nothing but what is edited here, in the order in which it is written. */
const plain = (setting: B2b) => {
  const list = (of: TargetList) =>
    of && {
      accessType: of.accessType,
      targets: of.targets.map(({ target, targetType }) => ({ target, targetType })),
    };
  return {
    usersAndGroups: list(setting?.usersAndGroups),
    applications: list(setting?.applications),
  };
};
const chosenOf = (list: TargetList): Chosen => ({ reach: reachOf(list), listed: listedOf(list) });

export function PartEditor(props: Scope & { part: Part; onClose: () => void }) {
  const { t } = useTranslation();
  const styles = useStyles();
  const { partner, fallback, name, part } = props;
  const { ownName } = useTenants();
  const sentences = useSentences();
  const { run, isRunning, problem } = useAct({ inPlace: true });
  const current = inForce(partner, fallback, part);
  const [users, setUsers] = useState<Chosen>(chosenOf(current?.usersAndGroups));
  const [applications, setApplications] = useState<Chosen>(chosenOf(current?.applications));
  const isIn = isInbound(part);
  const wanted: B2b = {
    usersAndGroups: listFor('users', users.reach, users.listed),
    // Nobody to nothing: the API wants both halves closed together.
    applications: listFor(
      'applications',
      users.reach === 'none' ? 'none' : applications.reach,
      applications.listed,
    ),
  };
  const isSame = JSON.stringify(wanted) === JSON.stringify(plain(current));
  const [was, after] = [reachOf(current?.usersAndGroups), users.reach];
  const isLoss = after === 'none' || (after !== 'all' && was === 'all');
  const isEmpty = [users, applications].some(
    ({ reach, listed }) => (reach === 'only' || reach === 'but') && !listed.length,
  );
  const path = pathOf(props);
  const change: Change = { method: 'PATCH', path, body: { [part]: wanted } };
  const before: Change = {
    method: 'PATCH',
    path,
    body: { [part]: partner ? partner[part] : current },
  };
  const finish = (what: Change) =>
    void run({
      change: what,
      undo: before,
      done: t('access.saved', { tenant: name }),
      refresh: [['access'], ['readiness'], ['explain']],
      after: props.onClose,
    });

  return (
    <form className={styles.form} onSubmit={(event) => event.preventDefault()}>
      <Half kind="users" isOurs={!isIn} name={name} chosen={users} onChange={setUsers} />
      {users.reach !== 'none' && (
        <Half
          kind="applications"
          isOurs={isIn}
          name={name}
          chosen={applications}
          onChange={setApplications}
        />
      )}
      <div aria-live="polite" className={styles.change}>
        {isSame ? (
          <p className={styles.sentence}>{t('access.same')}</p>
        ) : (
          <>
            <p className={styles.sentence}>
              {t('access.now')} {sentences.part(part, current, name, ownName)}
            </p>
            <p className={styles.sentence}>
              {t('access.willBe')} {sentences.part(part, wanted, name, ownName)}
            </p>
            {part.startsWith('b2bCollaboration') && !isEmpty && (
              <Concerned
                partner={partner}
                name={name}
                direction={isIn ? 'in' : 'out'}
                isOwn={(each) => isOwn(each, part)}
                isLoss={isLoss}
                effect={t(`access.effect.${isIn ? 'in' : 'out'}.${after}`)}
              />
            )}
          </>
        )}
      </div>
      {problem && <Failure problem={problem} isChange />}
      <div className={styles.actions}>
        <Button
          appearance="primary"
          disabled={isRunning || isEmpty || isSame}
          onClick={() => finish(change)}
        >
          {t('access.save')}
        </Button>
        {partner && isOwn(partner, part) && (
          <Button
            disabled={isRunning}
            onClick={() => finish({ method: 'PATCH', path, body: { [part]: null } })}
          >
            {t('share.useDefault')}
          </Button>
        )}
        <Button onClick={props.onClose}>{t('ui.cancel')}</Button>
      </div>
      <GraphCall change={change} />
    </form>
  );
}

function Half(props: {
  kind: 'users' | 'applications';
  /** Whether the objects are in this directory, where they can be picked by name. */
  isOurs: boolean;
  name: string;
  chosen: Chosen;
  onChange: (chosen: Chosen) => void;
}) {
  const { t } = useTranslation();
  const { kind, isOurs, chosen, onChange } = props;
  const { reach, listed } = chosen;
  const isListed = reach === 'only' || reach === 'but';
  const ids = (type: string) =>
    listed.filter(({ targetType }) => targetType === type).map(({ target }) => target);
  const put = (type: string, targets: string[]) =>
    onChange({
      reach,
      listed: [
        ...listed.filter(({ targetType }) => targetType !== type),
        ...targets.map((target) => ({ target, targetType: type })),
      ],
    });
  const types = kind === 'users' ? (['user', 'group'] as const) : (['application'] as const);
  return (
    <>
      <Field label={t(`access.half.${kind}`, { tenant: props.name })}>
        <RadioGroup
          value={reach}
          onChange={(_, { value }) => onChange({ reach: value as Reach, listed })}
        >
          {REACHES.filter((each) => kind === 'users' || each !== 'none').map((each) => (
            <Radio key={each} value={each} label={t(`access.reach.${kind}.${each}`)} />
          ))}
        </RadioGroup>
      </Field>
      {isListed &&
        (isOurs
          ? types.map((type) => (
              <ObjectPicker
                key={type}
                kind={type === 'user' ? 'users' : type === 'group' ? 'groups' : 'applications'}
                label={t(`access.list.${type}`)}
                value={ids(type)}
                onChange={(targets) => put(type, targets)}
                {...(type === 'application'
                  ? { idOf: (object) => String(object.appId ?? object.id) }
                  : {})}
              />
            ))
          : types.map((type) => (
              <IdList
                key={type}
                label={t(`access.list.${type}`)}
                hint={t(`access.ids.${type}`, { tenant: props.name })}
                way={t(`access.way.${type}`)}
                ids={ids(type)}
                onChange={(targets) => put(type, targets)}
              />
            )))}
    </>
  );
}

/** Objects of another tenant, which can't be looked up from here: its admin tells their ids. */
function IdList(props: {
  label: string;
  hint: string;
  /** Where the other admin finds them, to be sent there. */
  way: string;
  ids: string[];
  onChange: (ids: string[]) => void;
}) {
  const { t } = useTranslation();
  const [text, setText] = useState(props.ids.join('\n'));
  const strange = text
    .split(/[\s,;]+/)
    .filter((word) => word && !new RegExp(`^${ID.source}$`, 'i').test(word));
  return (
    <Field
      label={props.label}
      hint={<AskFor hint={props.hint} way={props.way} />}
      {...(strange.length
        ? {
            validationMessage: t('access.notAnId', { text: strange[0] ?? '' }),
            validationState: 'error' as const,
          }
        : {})}
    >
      <Textarea
        value={text}
        dir="ltr"
        spellCheck={false}
        onChange={(_, { value }) => {
          setText(value);
          props.onChange([...new Set(value.match(ID) ?? [])]);
        }}
      />
    </Field>
  );
}
