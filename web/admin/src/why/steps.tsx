/**
 * The story of a decision: both sides' settings in the order in which they were asked. Where it is
 * about one person, what refuses ends with the mend, or with whom to ask.
 */
import { makeStyles, mergeClasses, tokens } from '@fluentui/react-components';
import { ArrowDownRegular } from '@fluentui/react-icons';
import { Disclosure, Mark } from '@isopolity/ui';
import { Link } from '@isopolity/ui/router';
import { useTranslation } from '@isopolity/ui/translation';
import type { Step } from '../api/shapes';
import { useTenants } from '../tenants';
import { MendBox, StepMend } from './mend';
import { causeOf, isBetweenTenants, useStory } from './story';

const useStyles = makeStyles({
  sides: { display: 'grid', gap: '16px' },
  side: { margin: 0 },
  whose: {
    margin: '0 0 8px',
    fontSize: tokens.fontSizeBase200,
    fontWeight: tokens.fontWeightRegular,
    color: tokens.colorNeutralForeground2,
  },
  list: { listStyleType: 'none', margin: 0, padding: 0, display: 'grid', gap: '8px' },
  step: { display: 'grid', gridTemplateColumns: '14px 1fr', gap: '10px', alignItems: 'start' },
  mark: { marginBlockStart: '3px' },
  refuses: {
    borderLeft: `3px solid ${tokens.colorPaletteRedBorderActive}`,
    paddingInlineStart: '9px',
    marginInlineStart: '-12px',
  },
  detail: {
    color: tokens.colorNeutralForeground3,
    fontSize: tokens.fontSizeBase200,
    overflowWrap: 'anywhere',
    textAlign: 'start',
  },
  ask: { margin: '4px 0 0', color: tokens.colorNeutralForeground2 },
  // The sides stand under each other, whichever way one reads.
  arrow: { color: tokens.colorNeutralForeground3 },
});

/** A setting's path, which may break where its parts meet. */
function Path({ text }: { text: string }) {
  return text.split(/(?<=[./])/).map((part, at) => (
    <span key={at}>
      {part}
      <wbr />
    </span>
  ));
}

/** The steps of home, an arrow, those of the target; which of the two can be changed here is said. */
export function Steps(props: {
  steps: Step[];
  from: string;
  to: string;
  /** What it is about, if about one person: then each step is mended on its own. */
  action?: 'sync' | 'signin';
  /** The person, if somebody of the own tenant. */
  user?: string | undefined;
}) {
  const { steps, from, to, action, user } = props;
  const { t } = useTranslation();
  const styles = useStyles();
  const story = useStory();
  const { own, name } = useTenants();
  const side = (tenant: string, other: string) => {
    const its = steps.filter((step) => step.tenantId === tenant);
    if (!its.length) return null;
    return (
      <div className={styles.side} role="group" aria-label={name(tenant)}>
        <h3 className={styles.whose}>
          {tenant === own
            ? t('why.ours', { tenant: name(tenant) })
            : t('why.theirs', { tenant: name(tenant) })}
        </h3>
        <ol className={styles.list}>
          {its.map((step) => (
            <li
              key={step.setting}
              className={mergeClasses(styles.step, !step.allowed && styles.refuses)}
            >
              <Mark tone={step.allowed ? 'good' : 'bad'} className={styles.mark} />
              <div>
                <span className="visually-hidden">
                  {step.allowed ? t('why.passes') : t('why.refuses')}{' '}
                </span>
                {story.sentence(step, other, action ? 'one' : 'all')}
                {!step.allowed && (
                  <Disclosure label={t('why.setting')}>
                    <div className={styles.detail} lang="en" dir="ltr">
                      <Path text={story.told(step.setting)} />: {step.value}
                    </div>
                  </Disclosure>
                )}
                {!step.allowed &&
                  action &&
                  (tenant === own && step.mend ? (
                    <StepMend step={step} mend={step.mend} other={other} />
                  ) : tenant === own && causeOf(step.setting) === 'filter' ? (
                    <Link
                      to="/users-across"
                      search={{ tenant: other, edit: 'mapping', person: user }}
                    >
                      {t('mapping.open')}
                    </Link>
                  ) : from !== to && isBetweenTenants(step) ? (
                    <MendBox pair={{ from, to, action }} />
                  ) : (
                    tenant !== own && (
                      <p className={styles.ask}>{t('why.askThem', { tenant: name(tenant) })}</p>
                    )
                  ))}
              </div>
            </li>
          ))}
        </ol>
      </div>
    );
  };
  const [home, target] = [side(from, to), from === to ? null : side(to, from)];
  return (
    <div className={styles.sides}>
      {home}
      {home && target && <ArrowDownRegular className={styles.arrow} aria-hidden="true" />}
      {target}
    </div>
  );
}
