/** The sign-in page in small, as it will be. */
import { makeStyles, tokens } from '@fluentui/react-components';
import { Logo } from '@isopolity/ui';
import { useTranslation } from '@isopolity/ui/translation';
import type { Branding, LogoName, TextName, Wish } from './branding-model';
import { useLogo } from './use-logo';

const useStyles = makeStyles({
  side: { position: 'sticky', top: '16px' },
  title: { margin: '0 0 6px', color: tokens.colorNeutralForeground2 },
  page: {
    display: 'grid',
    placeItems: 'center',
    minHeight: '360px',
    padding: '24px 16px',
    backgroundColor: tokens.colorNeutralBackground3,
    border: `1px solid ${tokens.colorNeutralStroke2}`,
    borderRadius: tokens.borderRadiusLarge,
  },
  card: {
    boxSizing: 'border-box',
    display: 'grid',
    gap: '12px',
    width: 'min(320px, 100%)',
    padding: '24px',
    color: tokens.colorNeutralForeground1,
    backgroundColor: tokens.colorNeutralBackground1,
    border: `1px solid ${tokens.colorNeutralStroke2}`,
    borderRadius: tokens.borderRadiusXLarge,
    overflowWrap: 'anywhere',
  },
  of: { display: 'flex', alignItems: 'center', gap: '8px', color: tokens.colorNeutralForeground2 },
  banner: { maxWidth: '100%', backgroundColor: '#fff', borderRadius: tokens.borderRadiusSmall },
  square: { width: '36px', backgroundColor: '#fff', borderRadius: tokens.borderRadiusSmall },
  heading: { fontSize: tokens.fontSizeBase500, fontWeight: tokens.fontWeightSemibold },
  label: { marginBlockEnd: '-8px' },
  field: {
    padding: '8px 10px',
    color: tokens.colorNeutralForeground2,
    border: `1px solid ${tokens.colorNeutralStroke1}`,
    borderRadius: tokens.borderRadiusMedium,
  },
  button: {
    padding: '8px',
    textAlign: 'center',
    fontWeight: tokens.fontWeightSemibold,
    color: tokens.colorNeutralForegroundOnBrand,
    backgroundColor: tokens.colorBrandBackground,
    borderRadius: tokens.borderRadiusMedium,
  },
  text: {
    paddingBlockStart: '12px',
    borderTop: `1px solid ${tokens.colorNeutralStroke2}`,
    color: tokens.colorNeutralForeground2,
    fontSize: tokens.fontSizeBase200,
    whiteSpace: 'pre-line',
  },
  links: {
    display: 'flex',
    flexWrap: 'wrap',
    gap: '4px 16px',
    color: tokens.colorNeutralForeground2,
    fontSize: tokens.fontSizeBase200,
    textDecorationLine: 'underline',
  },
});

export function PagePreview(props: {
  name: string;
  values: Record<TextName, string>;
  logos: Record<LogoName, Wish>;
  now: Pick<Branding, 'bannerLogoRelativeUrl' | 'squareLogoRelativeUrl'>;
}) {
  const { t } = useTranslation();
  const styles = useStyles();
  const { name, values, logos, now } = props;
  const banner = useLogo(now.bannerLogoRelativeUrl, logos.bannerLogo);
  const square = useLogo(now.squareLogoRelativeUrl, logos.squareLogo);
  const colour = values.backgroundColor.trim();
  const isColour = /^#[0-9a-f]{6}$/i.test(colour);
  const hasLinks = values.customPrivacyAndCookiesUrl.trim() || values.customTermsOfUseUrl.trim();
  return (
    <div className={styles.side}>
      <p className={styles.title}>{t('brand.preview')}</p>
      <div
        role="img"
        aria-label={t('brand.preview')}
        className={styles.page}
        style={isColour ? { backgroundColor: colour } : {}}
      >
        <div className={styles.card}>
          <div className={styles.of}>
            {banner ? (
              <img src={banner} alt="" className={styles.banner} />
            ) : (
              <>
                {square ? <img src={square} alt="" className={styles.square} /> : <Logo />}
                <bdi>{name}</bdi>
              </>
            )}
          </div>
          <div className={styles.heading}>{t('brand.signIn')}</div>
          <div className={styles.label}>{t('brand.account')}</div>
          <div className={styles.field} dir="ltr">
            {values.usernameHintText.trim() || 'name@organization.example'}
          </div>
          <div className={styles.button}>{t('brand.next')}</div>
          {values.signInPageText.trim() && (
            <div className={styles.text} dir="auto">
              {values.signInPageText.trim()}
            </div>
          )}
          {hasLinks && (
            <div className={styles.links}>
              {values.customPrivacyAndCookiesUrl.trim() && <span>{t('brand.privacy')}</span>}
              {values.customTermsOfUseUrl.trim() && <span>{t('brand.terms')}</span>}
            </div>
          )}
        </div>
      </div>
    </div>
  );
}
