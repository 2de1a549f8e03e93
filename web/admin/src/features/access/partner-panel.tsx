/** One tenant's access settings, part by part: the sentence, then the editor under it. */
import { Button, Checkbox, makeStyles, tokens } from '@fluentui/react-components';
import type { Change } from '@isopolity/core';
import { Ask, SidePanel, useAct } from '@isopolity/ui';
import { useTranslation } from '@isopolity/ui/translation';
import { useState } from 'react';
import type { AccessDefault, Partner } from '../../api/shapes';
import { useTenants } from '../../tenants';
import { Concerned } from './concerned';
import {
  DEFAULT_PATH,
  inForce,
  isOwn,
  PARTNERS_PATH,
  PARTS,
  type Part,
  type Settings,
} from './model';
import { PartEditor } from './part-editor';
import { useSentences } from './sentences';

const useStyles = makeStyles({
  part: { paddingBlock: '12px', borderBottom: `1px solid ${tokens.colorNeutralStroke3}` },
  title: {
    margin: 0,
    fontSize: tokens.fontSizeBase200,
    fontWeight: tokens.fontWeightRegular,
    color: tokens.colorNeutralForeground2,
  },
  row: { display: 'flex', gap: '16px', alignItems: 'flex-start', justifyContent: 'space-between' },
  edit: { flexShrink: 0 },
  text: { margin: '2px 0 0' },
  note: {
    whiteSpace: 'nowrap',
    color: tokens.colorNeutralForeground3,
    fontSize: tokens.fontSizeBase200,
  },
  flags: { display: 'grid' },
  // The box stands under the title, its padding around it.
  flag: { marginInlineStart: '-8px' },
});

export interface Scope {
  /** Undefined: the default. */
  partner: Partner | undefined;
  fallback: AccessDefault;
  name: string;
}

export const pathOf = ({ partner }: Scope): string =>
  partner ? `${PARTNERS_PATH}/${partner.tenantId}` : DEFAULT_PATH;

export function PartnerPanel(
  props: Scope & {
    part: Part | undefined;
    onPart: (part: Part | undefined) => void;
    onClose: () => void;
  },
) {
  const { t } = useTranslation();
  const styles = useStyles();
  const { partner, fallback, name } = props;
  const { ownName } = useTenants();
  const sentences = useSentences();
  return (
    <SidePanel
      wide
      title={partner ? t('access.with', { tenant: name }) : t('access.default')}
      onClose={props.onClose}
    >
      {PARTS.map((part) => {
        const sentence = (entry: Partner | undefined) =>
          sentences.part(part, inForce(entry, fallback, part), name, ownName);
        // An entry may say of its own what the default says.
        const differs =
          partner && isOwn(partner, part) && sentence(partner) !== sentence(undefined);
        return (
          <section key={part} className={styles.part} aria-label={t(`access.part.${part}`)}>
            <div className={styles.row}>
              <div>
                <h3 className={styles.title}>{t(`access.part.${part}`)}</h3>
                <p className={styles.text}>
                  {sentence(partner)}{' '}
                  {partner && (
                    <span className={styles.note}>
                      {differs ? t('access.differs') : t('access.asDefault')}
                    </span>
                  )}
                </p>
              </div>
              {props.part !== part && (
                <Button size="small" className={styles.edit} onClick={() => props.onPart(part)}>
                  {t('ui.edit')}
                </Button>
              )}
            </div>
            {props.part === part && (
              <PartEditor
                partner={partner}
                fallback={fallback}
                name={name}
                part={part}
                onClose={() => props.onPart(undefined)}
              />
            )}
          </section>
        );
      })}
      <Flags partner={partner} fallback={fallback} name={name} />
    </SidePanel>
  );
}

const CONSENTS = ['inboundAllowed', 'outboundAllowed'] as const;
const TRUSTS = [
  'isMfaAccepted',
  'isCompliantDeviceAccepted',
  'isHybridAzureADJoinedDeviceAccepted',
] as const;

type Flag =
  | { group: 'automaticUserConsentSettings'; key: (typeof CONSENTS)[number]; value: boolean }
  | { group: 'inboundTrust'; key: (typeof TRUSTS)[number]; value: boolean };

function Flags(scope: Scope) {
  const { t } = useTranslation();
  const styles = useStyles();
  const { partner, fallback, name } = scope;
  const { run, isRunning, problem, forget } = useAct({ inPlace: true });
  const [asked, setAsked] = useState<Flag>();
  const ask = (flag: Flag) => {
    forget();
    setAsked(flag);
  };
  const changeTo = ({ group, key }: Flag, value: boolean): Change => ({
    method: 'PATCH',
    path: pathOf(scope),
    body: { [group]: { [key]: value } },
  });
  const save = (flag: Flag) =>
    void run({
      change: changeTo(flag, flag.value),
      undo: changeTo(flag, !flag.value),
      done: t('access.saved', { tenant: name }),
      refresh: [['access'], ['readiness'], ['explain']],
      after: () => setAsked(undefined),
    });
  const stateOf = (settings: Settings | undefined, { group, key }: Pick<Flag, 'group' | 'key'>) =>
    (settings?.[group] as Record<string, boolean | null | undefined> | null | undefined)?.[key];
  const isOn = (flag: Pick<Flag, 'group' | 'key'>) =>
    stateOf(partner, flag) ?? stateOf(fallback, flag) ?? false;
  const box = (flag: Flag) => {
    const { group, key, value } = flag;
    const effect =
      key === 'isCompliantDeviceAccepted' || key === 'isHybridAzureADJoinedDeviceAccepted'
        ? 'device'
        : key;
    return (
      <div key={key}>
        <Checkbox
          className={styles.flag}
          label={t(`access.flag.${key}`, { tenant: name })}
          checked={!value}
          disabled={isRunning}
          onChange={() => ask(flag)}
        />
        {asked?.key === key && asked.value === value && (
          <Ask
            action={t(value ? 'access.turnOn' : 'access.turnOff')}
            text={
              <Concerned
                partner={partner}
                name={name}
                direction={key === 'outboundAllowed' ? 'out' : 'in'}
                isOwn={(each) => typeof stateOf(each, { group, key }) === 'boolean'}
                isLoss={!value}
                effect={t(`access.flagEffect.${effect}.${value ? 'on' : 'off'}`, { tenant: name })}
              />
            }
            change={changeTo(flag, value)}
            isRunning={isRunning}
            problem={problem}
            onDo={() => save(flag)}
            onCancel={() => setAsked(undefined)}
          />
        )}
      </div>
    );
  };
  return (
    <>
      <section className={styles.part} aria-label={t('access.redemption')}>
        <h3 className={styles.title}>{t('access.redemption')}</h3>
        <div className={styles.flags}>
          {CONSENTS.map((key) => {
            const group = 'automaticUserConsentSettings';
            return box({ group, key, value: !isOn({ group, key }) });
          })}
        </div>
      </section>
      <section className={styles.part} aria-label={t('access.trust')}>
        <h3 className={styles.title}>{t('access.trust')}</h3>
        <div className={styles.flags}>
          {TRUSTS.map((key) => {
            const group = 'inboundTrust';
            return box({ group, key, value: !isOn({ group, key }) });
          })}
        </div>
      </section>
    </>
  );
}
