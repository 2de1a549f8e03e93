/** How the sign-in page looks: edited beside a preview, saved when it looks right. */
import {
  Button,
  Dropdown,
  Field,
  Input,
  makeStyles,
  Option,
  Textarea,
  tokens,
} from '@fluentui/react-components';
import { asProblem } from '@isopolity/core';
import { Ask, Failure, GraphCall, Lines, Section, useAct } from '@isopolity/ui';
import { useTranslation } from '@isopolity/ui/translation';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { ownTenant } from '../../api/queries';
import { session } from '../../session';
import {
  type Branding,
  brandings,
  DEFAULT,
  type Edited,
  LENGTHS,
  LOGO_NAMES,
  type LogoName,
  pathOf,
  saving,
  TEXTS,
  type TextName,
  undoing,
  type Wanted,
  type Wish,
} from './branding-model';
import { LogoField } from './logo-field';
import { PagePreview } from './page-preview';

const COLOUR = /^#[0-9a-f]{6}$/i;
const ADDRESS = /^https:\/\/[!-~]+$/;

const useStyles = makeStyles({
  sides: {
    display: 'grid',
    gridTemplateColumns: 'minmax(0, 1fr) minmax(0, 1fr)',
    gap: '32px',
    alignItems: 'start',
    maxWidth: '1040px',
    '@media (max-width: 900px)': { gridTemplateColumns: 'minmax(0, 1fr)' },
  },
  form: { display: 'grid', gap: '16px' },
  colour: { display: 'flex', gap: '8px' },
  swatch: {
    width: '32px',
    height: '32px',
    padding: 0,
    flexShrink: 0,
    border: `1px solid ${tokens.colorNeutralStroke1}`,
    borderRadius: tokens.borderRadiusMedium,
    backgroundColor: 'transparent',
    cursor: 'pointer',
  },
  grow: { flexGrow: 1, minWidth: 0 },
  actions: { display: 'flex', flexWrap: 'wrap', gap: '8px' },
  language: { maxWidth: '360px', marginBlockEnd: '20px' },
});

/** Languages that are offered; others that there are already are among them, too. */
const LANGUAGES = ['ar', 'de', 'en', 'es', 'fr', 'ja'];

export function SignInPage() {
  const { t, language: spoken } = useTranslation();
  const styles = useStyles();
  const { tenantId } = session.identity;
  const read = useQuery(brandings(tenantId));
  const [language, setLanguage] = useState(DEFAULT);
  const { data } = read;
  const there = data?.map(({ id }) => id).filter((id) => id !== DEFAULT) ?? [];
  const names = new Intl.DisplayNames([spoken], { type: 'language' });
  const nameOf = (tag: string) =>
    tag === DEFAULT ? t('brand.everyLanguage') : (names.of(tag) ?? tag);
  const now = data?.find(({ id }) => id === language) ?? null;
  const general = data?.find(({ id }) => id === DEFAULT) ?? null;
  return (
    <Section title={t('brand.title')} sentence={t('brand.sentence')}>
      {read.error && (
        <Failure problem={asProblem(read.error)} onRetry={() => void read.refetch()} />
      )}
      {data === undefined && !read.error && <Lines count={6} height={24} />}
      {data !== undefined && (
        <>
          <Field
            className={styles.language}
            label={t('brand.language')}
            {...(language === DEFAULT ? {} : { hint: t('brand.languageHint') })}
          >
            <Dropdown
              clearButton={null}
              value={nameOf(language)}
              selectedOptions={[language]}
              onOptionSelect={(_, { optionValue }) => setLanguage(optionValue ?? DEFAULT)}
            >
              {[DEFAULT, ...new Set([...there, ...LANGUAGES])].map((tag) => (
                <Option key={tag} value={tag} text={nameOf(tag)}>
                  {nameOf(tag)}
                </Option>
              ))}
            </Dropdown>
          </Field>
          {/* What is saved is what is edited on. */}
          <Editor
            key={language + JSON.stringify(now)}
            edited={{ tenant: tenantId, language, now }}
            general={language === DEFAULT ? null : general}
          />
        </>
      )}
    </Section>
  );
}

const NO_WISHES: Record<LogoName, Wish> = { bannerLogo: undefined, squareLogo: undefined };

/** `general`: what is said for every other language, which is taken where this one says nothing. */
function Editor({ edited, general }: { edited: Edited; general: Branding | null }) {
  const { tenant, language, now } = edited;
  const isDefault = language === DEFAULT;
  const { t } = useTranslation();
  const styles = useStyles();
  const own = useQuery(ownTenant);
  const { run, isRunning, problem } = useAct({ inPlace: true });
  const [values, setValues] = useState<Record<TextName, string>>(
    () =>
      Object.fromEntries(TEXTS.map((name) => [name, now?.[name] ?? ''])) as Record<
        TextName,
        string
      >,
  );
  const [logos, setLogos] = useState(NO_WISHES);
  const [isAsking, setAsking] = useState(false);
  const texts = Object.fromEntries(
    TEXTS.map((name) => [name, values[name].trim() || null] as const).filter(
      ([name, value]) => value !== (now?.[name] || null),
    ),
  );
  const wanted: Wanted = { texts, logos };
  const change = saving(edited, wanted);
  const wrong = (name: TextName) =>
    values[name].trim() &&
    (name === 'backgroundColor'
      ? !COLOUR.test(values[name].trim())
      : name.endsWith('Url') && !ADDRESS.test(values[name].trim()));
  const isWrong = TEXTS.some(wrong);
  const removal = { method: 'DELETE' as const, path: pathOf(tenant, language) };
  const set = (name: TextName, value: string) => setValues({ ...values, [name]: value });
  const refresh = [['branding']];
  const save = async () => {
    const undo = await undoing(edited, wanted);
    await run({ change, undo, done: t('brand.saved'), refresh });
  };
  const address = (name: TextName) => (
    <Field
      label={t(`brand.${name}`)}
      {...(wrong(name) ? { validationMessage: t('brand.notAnAddress') } : {})}
    >
      <Input
        type="url"
        dir="ltr"
        value={values[name]}
        maxLength={LENGTHS[name]}
        placeholder="https://"
        onChange={(_, { value }) => set(name, value)}
      />
    </Field>
  );
  return (
    <div className={styles.sides}>
      <form className={styles.form} onSubmit={(event) => event.preventDefault()}>
        {LOGO_NAMES.map((name) => (
          <LogoField
            key={name}
            name={name}
            place={now?.[`${name}RelativeUrl`]}
            wish={logos[name]}
            onWish={(wish) => setLogos({ ...logos, [name]: wish })}
          />
        ))}
        <Field
          label={t('brand.backgroundColor')}
          {...(wrong('backgroundColor') ? { validationMessage: t('brand.notAColour') } : {})}
        >
          {(field) => (
            <div className={styles.colour}>
              <input
                type="color"
                className={styles.swatch}
                aria-label={t('brand.pickColour')}
                value={COLOUR.test(values.backgroundColor) ? values.backgroundColor : '#f4f4f6'}
                onChange={({ target }) => set('backgroundColor', target.value)}
              />
              <Input
                {...field}
                className={styles.grow}
                dir="ltr"
                value={values.backgroundColor}
                maxLength={LENGTHS.backgroundColor}
                placeholder="#4851BD"
                onChange={(_, { value }) => set('backgroundColor', value)}
              />
            </div>
          )}
        </Field>
        <Field label={t('brand.usernameHintText')}>
          <Input
            value={values.usernameHintText}
            maxLength={LENGTHS.usernameHintText}
            onChange={(_, { value }) => set('usernameHintText', value)}
          />
        </Field>
        <Field label={t('brand.signInPageText')} hint={t('brand.textHint')}>
          <Textarea
            value={values.signInPageText}
            maxLength={LENGTHS.signInPageText}
            resize="vertical"
            onChange={(_, { value }) => set('signInPageText', value)}
          />
        </Field>
        {address('customPrivacyAndCookiesUrl')}
        {address('customTermsOfUseUrl')}
        {problem && !isAsking && <Failure problem={problem} isChange />}
        <div className={styles.actions}>
          <Button
            appearance="primary"
            disabled={!change.length || isWrong || isRunning}
            onClick={() => void save()}
          >
            {t('ui.save')}
          </Button>
          {now && !isAsking && (
            <Button onClick={() => setAsking(true)}>
              {t(isDefault ? 'brand.remove' : 'brand.removeLanguage')}
            </Button>
          )}
        </div>
        {change.length > 0 && <GraphCall change={change} />}
        {isAsking && (
          <Ask
            text={t(isDefault ? 'brand.removeAsk' : 'brand.removeLanguageAsk')}
            action={t(isDefault ? 'brand.remove' : 'brand.removeLanguage')}
            change={removal}
            isRunning={isRunning}
            problem={problem}
            onCancel={() => setAsking(false)}
            onDo={() =>
              void run({
                change: removal,
                done: t(isDefault ? 'brand.removed' : 'brand.saved'),
                refresh,
              })
            }
          />
        )}
      </form>
      <PagePreview
        name={own.data?.displayName ?? ''}
        values={
          Object.fromEntries(
            TEXTS.map((name) => [name, values[name].trim() || general?.[name] || '']),
          ) as Record<TextName, string>
        }
        logos={logos}
        now={{
          bannerLogoRelativeUrl: now?.bannerLogoRelativeUrl ?? general?.bannerLogoRelativeUrl,
          squareLogoRelativeUrl: now?.squareLogoRelativeUrl ?? general?.squareLogoRelativeUrl,
        }}
      />
    </div>
  );
}
