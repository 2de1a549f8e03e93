/** One logo: what it is, another one in its place, or none. */
import { Button, Field, makeStyles, tokens } from '@fluentui/react-components';
import { useTranslation } from '@isopolity/ui/translation';
import { useRef, useState } from 'react';
import { LOGOS, type LogoName, type Unfit, unfit, type Wish } from './branding-model';
import { useLogo } from './use-logo';

const useStyles = makeStyles({
  row: { display: 'flex', flexWrap: 'wrap', alignItems: 'center', gap: '8px' },
  image: {
    maxWidth: '100%',
    maxHeight: '48px',
    padding: '4px',
    // Logos are made for paper, mostly.
    backgroundColor: '#fff',
    border: `1px solid ${tokens.colorNeutralStroke2}`,
    borderRadius: tokens.borderRadiusMedium,
  },
});

export function LogoField(props: {
  name: LogoName;
  place: string | null | undefined;
  wish: Wish;
  onWish: (wish: Wish) => void;
}) {
  const { t } = useTranslation();
  const styles = useStyles();
  const picker = useRef<HTMLInputElement>(null);
  const [wrong, setWrong] = useState<Unfit>();
  const shown = useLogo(props.place, props.wish);
  const { width, height } = LOGOS[props.name];
  const size = { width, height };
  const label = t(`brand.${props.name}`);
  const take = async (file: File | undefined) => {
    if (!file) return;
    const problem = await unfit(props.name, file);
    setWrong(problem);
    if (!problem) props.onWish(file);
  };
  return (
    <Field
      label={label}
      hint={t('brand.logoHint', size)}
      {...(wrong ? { validationMessage: t(`brand.unfit.${wrong}`, size) } : {})}
    >
      <div className={styles.row} role="group" aria-label={label}>
        {shown && <img src={shown} alt={label} className={styles.image} />}
        <input
          ref={picker}
          type="file"
          accept="image/png,image/jpeg"
          hidden
          onChange={({ target }) => {
            void take(target.files?.[0]);
            // The same file may be chosen again, once it is mended.
            target.value = '';
          }}
        />
        <Button onClick={() => picker.current?.click()}>
          {shown ? t('brand.another') : t('brand.choose')}
        </Button>
        {shown && (
          <Button
            appearance="subtle"
            onClick={() => props.onWish(props.place ? 'none' : undefined)}
          >
            {t('brand.noLogo')}
          </Button>
        )}
      </div>
    </Field>
  );
}
