/** How a person signs in, and what an admin does for somebody who can't or shouldn't. */
import { Button, makeStyles, tokens } from '@fluentui/react-components';
import { DismissRegular } from '@fluentui/react-icons';
import { asProblem, formatDate, formatExact } from '@isopolity/core';
import { Ask, Failure, Lines, Mark, useAct, useAddress } from '@isopolity/ui';
import { useTranslation } from '@isopolity/ui/translation';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import type { Person } from '../../api/shapes';
import { session } from '../../session';
import { originOf } from './people-list';
import {
  endingSessions,
  kindOf,
  type Method,
  type MethodKind,
  methodsOf,
  removing,
} from './sign-in-model';

const useStyles = makeStyles({
  title: { margin: '24px 0 8px', fontSize: 'inherit', fontWeight: tokens.fontWeightSemibold },
  list: { listStyleType: 'none', margin: '0 0 12px', padding: 0 },
  item: { borderTop: `1px solid ${tokens.colorNeutralStroke3}` },
  row: {
    display: 'grid',
    gridTemplateColumns: '14px minmax(0, 1fr) auto',
    gap: '10px',
    alignItems: 'center',
    minHeight: '44px',
    overflowWrap: 'anywhere',
  },
  more: { color: tokens.colorNeutralForeground2, fontSize: tokens.fontSizeBase200 },
  actions: { display: 'flex', flexWrap: 'wrap', gap: '8px', marginBlockEnd: '8px' },
  text: { margin: '0 0 12px' },
});

export function SigningIn({ person }: { person: Person }) {
  const { t } = useTranslation();
  const styles = useStyles();
  const [, change] = useAddress();
  const isAcross = originOf(person) !== 'own';
  // Who came from no tenant signs in here; so does who has a second factor here besides the home's.
  const methods = useQuery({ ...methodsOf(person.id), enabled: isAcross });
  const isAtHome = isAcross && !methods.data?.length;
  const isSelf = person.id === session.identity.userId;
  const [isEnding, setEnding] = useState(false);
  const { run, isRunning, problem } = useAct({ inPlace: true });
  const name = person.displayName ?? '';
  const ending = endingSessions(person.id);
  return (
    <section aria-label={t('methods.title')}>
      <h3 className={styles.title}>{t('methods.title')}</h3>
      {isAtHome ? (
        <p className={styles.text}>{t('methods.atHome')}</p>
      ) : (
        <Methods user={person.id} name={name} />
      )}
      {!isEnding && (
        <div className={styles.actions}>
          {!isAtHome && !isSelf && (
            <>
              <Button size="small" onClick={() => change({ edit: 'password' }, true)}>
                {t('methods.reset')}
              </Button>
              <Button size="small" onClick={() => change({ edit: 'pass' }, true)}>
                {t('methods.givePass')}
              </Button>
            </>
          )}
          <Button size="small" onClick={() => setEnding(true)}>
            {t('methods.end')}
          </Button>
        </div>
      )}
      {isEnding && (
        <Ask
          text={isSelf ? t('methods.endAskSelf') : t('methods.endAsk', { name })}
          action={t('methods.end')}
          change={ending}
          isRunning={isRunning}
          problem={problem}
          onCancel={() => setEnding(false)}
          onDo={() =>
            void run({
              change: ending,
              done: t('methods.ended', { name }),
              refresh: [['people', person.id]],
              after: () => setEnding(false),
            })
          }
        />
      )}
    </section>
  );
}

function Methods({ user, name }: { user: string; name: string }) {
  const { t } = useTranslation();
  const styles = useStyles();
  const read = useQuery(methodsOf(user));
  const [asked, setAsked] = useState<string>();
  const { run, isRunning, problem, forget } = useAct({ inPlace: true });
  if (read.error) {
    return <Failure problem={asProblem(read.error)} onRetry={() => void read.refetch()} />;
  }
  if (!read.data) return <Lines count={2} height={24} />;
  const known = read.data.flatMap((method) => {
    const kind = kindOf(method);
    return kind ? [{ ...method, kind }] : [];
  });
  if (!known.length) return <p className={styles.text}>{t('methods.none', { name })}</p>;
  const close = () => {
    setAsked(undefined);
    forget();
  };
  return (
    <ul className={styles.list} aria-label={t('methods.title')}>
      {known.map((method) => {
        const { id, kind } = method;
        const label = t(`methods.kind.${kind}`);
        const change = removing(user, kind, id);
        return (
          <li key={id} className={styles.item}>
            <div className={styles.row}>
              <Mark tone={isUsable(method) ? 'good' : 'none'} />
              <span>
                {label} {kind !== 'password' && <bdi>{method.displayName}</bdi>}
                <div className={styles.more}>
                  <Standing method={method} kind={kind} />
                </div>
              </span>
              {kind !== 'password' && (
                <Button
                  size="small"
                  appearance="subtle"
                  icon={<DismissRegular />}
                  aria-label={t('methods.remove', {
                    method: `${label} ${method.displayName ?? ''}`.trim(),
                  })}
                  aria-expanded={asked === id}
                  onClick={() => setAsked(id)}
                />
              )}
            </div>
            {asked === id && (
              <Ask
                text={t(`methods.removeAsk.${kind}`, { name })}
                action={t('methods.doRemove')}
                change={change}
                isRunning={isRunning}
                problem={problem}
                onCancel={close}
                onDo={() =>
                  void run({
                    change,
                    done: t('methods.removed', { method: label }),
                    refresh: [['people', user, 'methods']],
                    after: close,
                  })
                }
              />
            )}
          </li>
        );
      })}
    </ul>
  );
}

const isUsable = ({ methodUsabilityReason: reason }: Method) =>
  !reason || reason === 'EnabledByPolicy';

/** Since when there is a method; of a pass, until when it opens anything. */
function Standing({ method, kind }: { method: Method; kind: MethodKind }) {
  const { t } = useTranslation();
  if (kind === 'temporaryAccessPass' && method.startDateTime) {
    const end = new Date(method.startDateTime).getTime() + (method.lifetimeInMinutes ?? 0) * 60_000;
    switch (method.methodUsabilityReason) {
      case 'NotYetValid':
        return t('methods.passFrom', { time: formatExact(method.startDateTime) });
      case 'Expired':
        return t('methods.passOver');
      case 'OneTimeUsed':
        return t('methods.passUsed');
      case 'DisabledByPolicy':
        return t('methods.passOff');
      default:
        return t(method.isUsableOnce ? 'methods.passOnceUntil' : 'methods.passUntil', {
          time: formatExact(new Date(end).toISOString()),
        });
    }
  }
  return method.createdDateTime
    ? t('methods.since', { date: formatDate(method.createdDateTime) })
    : t('methods.isSet');
}
