//! The script that asks the browser's authenticators, and the parts of a page that it works on.
//!
//! Without it, or where a browser has no passkeys, the button stays hidden and the other ways are
//! there. A page that asks for a name or a password offers passkeys in the field's suggestions
//! (conditional mediation) as well.
//!
//! Source: Web Authentication Level 3 §5.1.3, §5.1.4, §5.8.1.

use maud::{Markup, html};

use crate::policy::Script;
use crate::words::Words;

/// Reads the options from the form, puts the answer into it, and sends it.
pub(crate) static SCRIPT: Script = Script::new(
    "\
(async()=>{\
const f=document.querySelector('form[data-passkey]'),b=f&&f.querySelector('button');\
if(!f||!window.PublicKeyCredential||!navigator.credentials)return;\
const dec=s=>Uint8Array.from(atob(s.replace(/-/g,'+').replace(/_/g,'/')),c=>c.charCodeAt(0)),\
enc=a=>btoa(String.fromCharCode(...new Uint8Array(a))).replace(/\\+/g,'-').replace(/\\//g,'_').replace(/=+$/,''),\
o=JSON.parse(f.dataset.passkey).publicKey,makes=!!o.user;\
o.challenge=dec(o.challenge);\
if(makes)o.user.id=dec(o.user.id);\
for(const l of [o.excludeCredentials,o.allowCredentials])for(const c of l||[])c.id=dec(c.id);\
let stop;\
const ask=async quiet=>{\
if(stop)stop.abort();\
stop=new AbortController();\
const q={publicKey:o,signal:stop.signal};\
if(quiet)q.mediation='conditional';\
try{\
const c=await navigator.credentials[makes?'create':'get'](q),r=c.response,\
a={clientDataJSON:enc(r.clientDataJSON)};\
if(makes)a.attestationObject=enc(r.attestationObject);\
else{a.authenticatorData=enc(r.authenticatorData);a.signature=enc(r.signature);a.userHandle=r.userHandle?enc(r.userHandle):null}\
const k=document.querySelector('input[name=keep]');\
if(k&&k.checked)f.elements.keep.value='1';\
f.elements.answer.value=JSON.stringify({id:c.id,rawId:enc(c.rawId),type:c.type,response:a,clientExtensionResults:{}});\
f.submit()\
}catch(e){if(!quiet&&e.name!=='AbortError')f.querySelector('[role=status]').textContent=f.dataset.failed}\
};\
b.hidden=false;\
const n=f.querySelector('[data-needs]');if(n)n.hidden=true;\
b.addEventListener('click',e=>{e.preventDefault();ask(false)});\
if(!makes&&document.querySelector('[autocomplete~=webauthn]')&&PublicKeyCredential.isConditionalMediationAvailable&&await PublicKeyCredential.isConditionalMediationAvailable())ask(true)\
})()",
);

/// The parts of a form: the hidden answer, the button, what is said if it fails, the script.
/// `alone`: whether the page has no other way.
pub(crate) fn parts(words: &Words, label: &str, alone: bool) -> Markup {
    html! {
        input type="hidden" name="answer" value="";
        input type="hidden" name="keep" value="";
        @if alone { p .note data-needs="1" { (words.needs_script) } }
        button .primary[alone] type="submit" hidden { (label) }
        p .bad-quiet role="status" {}
    }
}
