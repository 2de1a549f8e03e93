/** Invites somebody from elsewhere. No mail is sent: the link is shown once, to be passed on. */
import { Button, Field, Input, makeStyles, Radio, RadioGroup } from '@fluentui/react-components';
import type { Change } from '@isopolity/core';
import { Failure, GraphCall, isAbout, Once, SidePanel, saidAt, useMaking } from '@isopolity/ui';
import { useTranslation } from '@isopolity/ui/translation';
import { useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import * as v from 'valibot';
import { session } from '../../session';

const Invitation = v.object({
  inviteRedeemUrl: v.nullish(v.string()),
  invitedUserDisplayName: v.nullish(v.string()),
});

const useStyles = makeStyles({
  form: { display: 'grid', gap: '16px' },
  text: { margin: 0 },
});

export function Invite({ onClose }: { onClose: () => void }) {
  const { t } = useTranslation();
  const styles = useStyles();
  const client = useQueryClient();
  const { make, isRunning, problem } = useMaking(Invitation);
  const [address, setAddress] = useState('');
  const [name, setName] = useState('');
  const [type, setType] = useState<'Guest' | 'Member'>('Guest');
  const [goal, setGoal] = useState(`${location.origin}/${session.identity.tenantId}/account`);
  const [link, setLink] = useState<string | null>();
  const mail = address.trim();
  const change: Change = {
    method: 'POST',
    path: '/v1.0/invitations',
    body: {
      invitedUserEmailAddress: mail,
      ...(name.trim() && { invitedUserDisplayName: name.trim() }),
      invitedUserType: type,
      inviteRedirectUrl: goal.trim(),
    },
  };
  const invite = async () => {
    const answer = await make(change);
    if (!answer) return;
    setLink(answer.inviteRedeemUrl ?? null);
    void client.invalidateQueries({ queryKey: ['people'] });
  };
  const isDone = link !== undefined;
  return (
    <SidePanel
      title={t('invite.title')}
      onClose={onClose}
      foot={
        isDone ? (
          <Button onClick={onClose}>{t('ui.close')}</Button>
        ) : (
          <>
            <Button
              appearance="primary"
              disabled={!mail || !goal.trim() || isRunning}
              onClick={() => void invite()}
            >
              {t('invite.do')}
            </Button>
            <Button onClick={onClose}>{t('ui.cancel')}</Button>
          </>
        )
      }
    >
      {link && (
        <Once
          text={t('invite.link', { address: mail })}
          secret={link}
          copy={t('invite.copy')}
          onDone={onClose}
        />
      )}
      {link === null && <p className={styles.text}>{t('invite.here', { address: mail })}</p>}
      {!isDone && (
        <div className={styles.form}>
          <p className={styles.text}>{t('invite.effect')}</p>
          <Field
            label={t('attribute.mail')}
            hint={t('invite.addressHint')}
            required
            {...saidAt(problem, 'invitedUserEmailAddress')}
          >
            <Input
              type="email"
              dir="ltr"
              value={address}
              maxLength={320}
              onChange={(_, { value }) => setAddress(value)}
            />
          </Field>
          <Field label={t('column.name')}>
            <Input value={name} maxLength={256} onChange={(_, { value }) => setName(value)} />
          </Field>
          <Field label={t('invite.as')}>
            <RadioGroup
              value={type}
              onChange={(_, { value }) => setType(value === 'Member' ? 'Member' : 'Guest')}
            >
              <Radio value="Guest" label={t('invite.guest')} />
              <Radio value="Member" label={t('invite.member')} />
            </RadioGroup>
          </Field>
          <Field
            label={t('invite.goal')}
            hint={t('invite.goalHint')}
            required
            {...saidAt(problem, 'inviteRedirectUrl')}
          >
            <Input
              type="url"
              dir="ltr"
              value={goal}
              maxLength={2048}
              onChange={(_, { value }) => setGoal(value)}
            />
          </Field>
          {problem && !isAbout(problem, ['invitedUserEmailAddress', 'inviteRedirectUrl']) && (
            <Failure problem={problem} isChange />
          )}
          <GraphCall change={change} />
        </div>
      )}
    </SidePanel>
  );
}
