/** What the tenant is called, where it is, and whom to write to. */
import { Button, Field, Input, makeStyles } from '@fluentui/react-components';
import { asProblem, type Change } from '@isopolity/core';
import {
  Facts,
  Failure,
  GraphCall,
  isAbout,
  Lines,
  Section,
  ShortId,
  saidAt,
  useAct,
} from '@isopolity/ui';
import { useTranslation } from '@isopolity/ui/translation';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { type Profile, profile } from './model';

const TEXTS = ['displayName', 'street', 'postalCode', 'city', 'country'] as const;
const MAILS = ['technicalNotificationMails', 'securityComplianceNotificationMails'] as const;
const PRIVACY = ['contactEmail', 'statementUrl'] as const;
type Name = (typeof TEXTS)[number] | (typeof MAILS)[number] | (typeof PRIVACY)[number];
const NAMES: readonly Name[] = [...TEXTS, ...MAILS, ...PRIVACY];

const useStyles = makeStyles({
  form: { display: 'grid', gap: '16px', maxWidth: '640px', justifyItems: 'start' },
  wide: { width: '100%' },
  pair: {
    display: 'grid',
    gridTemplateColumns: '1fr 1fr',
    gap: '16px',
    width: '100%',
    '@media (max-width: 640px)': { gridTemplateColumns: '1fr' },
  },
});

export function Tenant() {
  const { t } = useTranslation();
  const read = useQuery(profile);
  return (
    <Section title={t('tenant.title')} sentence={t('tenant.sentence')}>
      {read.error && (
        <Failure problem={asProblem(read.error)} onRetry={() => void read.refetch()} />
      )}
      {!read.data && !read.error && <Lines count={6} height={24} />}
      {/* What is saved is what is edited on. */}
      {read.data && <Form key={JSON.stringify(read.data)} now={read.data} />}
    </Section>
  );
}

const isMails = (name: Name) => MAILS.some((each) => each === name);

function Form({ now }: { now: Profile }) {
  const { t } = useTranslation();
  const styles = useStyles();
  const { run, isRunning, problem } = useAct({ inPlace: true });
  const known = (name: Name): string =>
    name === 'contactEmail' || name === 'statementUrl'
      ? (now.privacyProfile?.[name] ?? '')
      : ([now[name] ?? ''].flat().join(', ') as string);
  const [values, setValues] = useState(
    () => Object.fromEntries(NAMES.map((name) => [name, known(name)])) as Record<Name, string>,
  );
  const edited = NAMES.filter((name) => values[name].trim() !== known(name));
  const bodyOf = (of: (name: Name) => string) => {
    const body: Record<string, unknown> = {};
    const privacy: Record<string, unknown> = {};
    for (const name of edited) {
      const text = of(name).trim();
      if (isMails(name)) body[name] = text.split(/[,;\s]+/).filter(Boolean);
      else if (PRIVACY.some((each) => each === name)) privacy[name] = text || null;
      else body[name] = text || null;
    }
    return Object.keys(privacy).length ? { ...body, privacyProfile: privacy } : body;
  };
  const changeTo = (body: unknown): Change => ({
    method: 'PATCH',
    path: `/v1.0/organization/${now.id}`,
    body,
  });
  const change = changeTo(bodyOf((name) => values[name]));
  const field = (name: Name) => (
    <Field
      key={name}
      className={styles.wide}
      label={t(`tenant.${name}`)}
      required={name === 'displayName'}
      {...saidAt(problem, name)}
      {...(isMails(name) ? { hint: t('tenant.mailsHint') } : {})}
    >
      <Input
        value={values[name]}
        onChange={(_, { value }) => setValues({ ...values, [name]: value })}
      />
    </Field>
  );
  return (
    <form className={styles.form} onSubmit={(event) => event.preventDefault()}>
      <Facts facts={[[t('tenant.id'), <ShortId key="id" id={now.id} />]]} />
      {field('displayName')}
      <div className={styles.pair}>{(['street', 'city'] as const).map(field)}</div>
      <div className={styles.pair}>{(['postalCode', 'country'] as const).map(field)}</div>
      {MAILS.map(field)}
      <div className={styles.pair}>{PRIVACY.map(field)}</div>
      {problem && !isAbout(problem, NAMES) && <Failure problem={problem} isChange />}
      <Button
        appearance="primary"
        disabled={!edited.length || !values.displayName.trim() || isRunning}
        onClick={() =>
          void run({
            change,
            undo: changeTo(bodyOf(known)),
            done: t('settings.saved'),
            refresh: [['tenant'], ['tenantInformation']],
          })
        }
      >
        {t('ui.save')}
      </Button>
      {edited.length > 0 && <GraphCall change={change} />}
    </form>
  );
}
