//! People: set-up, the sign-in page, codes, refresh tokens.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use driftless_auth::{NewApplication, SignInSettings, WithSecret};
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::stage::{Answer, ORIGIN, Stage};

const PASSWORD: &str = "correct zebra staple";
const VERIFIER: &str = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHI";
const SAMPLE: &str = "51f81489-12ee-4a9e-aaae-a2591f45987d";
const REDIRECT: &str = "http://localhost:51234";
const OWN: [(&str, &str); 1] = [("sec-fetch-site", "same-origin")];

fn challenge() -> String {
    URL_SAFE_NO_PAD.encode(Sha256::digest(VERIFIER))
}

/// A stage whose administrator has a password.
fn stage() -> Stage {
    stage_with(SignInSettings::default())
}

fn stage_with(settings: SignInSettings) -> Stage {
    let stage = Stage::with(settings);
    let secret = stage.sign_in.begin_setup().unwrap();
    let done = stage.post_with("/signin/setup", &[("secret", &secret), ("password", PASSWORD), ("again", PASSWORD)], &OWN);
    assert_eq!(done.status, 200, "{}", done.text);
    stage
}

/// A request for a code as a public client makes it, with some parameters changed; an empty value leaves one out.
fn parameters(changes: &[(&'static str, String)]) -> Vec<(&'static str, String)> {
    let mut all = vec![
        ("client_id", SAMPLE.to_owned()),
        ("redirect_uri", REDIRECT.to_owned()),
        ("response_type", "code".to_owned()),
        ("scope", format!("{ORIGIN}/user_impersonation openid profile offline_access")),
        ("state", "s&1".to_owned()),
        ("nonce", "n1".to_owned()),
        ("code_challenge", challenge()),
        ("code_challenge_method", "S256".to_owned()),
    ];
    for (name, value) in changes {
        all.retain(|(known, _)| known != name);
        if !value.is_empty() {
            all.push((name, value.clone()));
        }
    }
    all
}

fn ask(stage: &Stage, changes: &[(&'static str, String)]) -> Answer {
    let query = form_urlencoded::Serializer::new(String::new()).extend_pairs(parameters(changes)).finish();
    stage.get(&format!("/adfs/oauth2/authorize?{query}"))
}

fn sign_in(stage: &Stage, changes: &[(&'static str, String)], name: &str, password: &str, headers: &[(&str, &str)]) -> Answer {
    let mut fields = parameters(changes);
    fields.extend([("username", name.to_owned()), ("password", password.to_owned())]);
    let fields: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
    stage.post_with("/adfs/oauth2/authorize", &fields, headers)
}

/// The fields of an address that people are sent back to.
fn sent_back(answer: &Answer, mark: char) -> Vec<(String, String)> {
    assert_eq!(answer.status, 303, "{}", answer.text);
    let (address, fields) = answer.header("location").split_once(mark).unwrap();
    assert_eq!(address, REDIRECT);
    form_urlencoded::parse(fields.as_bytes()).into_owned().collect()
}

fn field<'a>(fields: &'a [(String, String)], name: &str) -> &'a str {
    fields.iter().find(|(known, _)| known == name).map_or("", |(_, value)| value)
}

fn code(stage: &Stage) -> String {
    field(&sent_back(&sign_in(stage, &[], "administrator", PASSWORD, &OWN), '?'), "code").to_owned()
}

fn redeem(stage: &Stage, code: &str, changes: &[(&'static str, &str)]) -> Answer {
    let mut fields = vec![("grant_type", "authorization_code"), ("client_id", SAMPLE), ("code", code), ("redirect_uri", REDIRECT), ("code_verifier", VERIFIER)];
    for (name, value) in changes {
        fields.retain(|(known, _)| known != name);
        fields.push((name, value));
    }
    fields.retain(|(_, value)| !value.is_empty());
    stage.post("/adfs/oauth2/token", &fields)
}

fn renew(stage: &Stage, token: &str) -> Answer {
    stage.post("/adfs/oauth2/token", &[("grant_type", "refresh_token"), ("client_id", SAMPLE), ("refresh_token", token)])
}

#[test] // AUTH-40
fn a_set_up_secret_gives_the_first_password_once_and_in_time() {
    let stage = Stage::new();
    assert_eq!(stage.get("/signin/setup").status, 404, "not begun");
    let old = stage.sign_in.begin_setup().unwrap();
    stage.environment.advance_s(3_600);
    let send = |secret: &str, password: &str, again: &str, headers: &[(&str, &str)]| {
        stage.post_with("/signin/setup", &[("secret", secret), ("password", password), ("again", again)], headers)
    };
    assert_eq!(send(&old, PASSWORD, PASSWORD, &OWN).status, 400, "an hour later");
    let secret = stage.sign_in.begin_setup().unwrap();
    assert!(stage.get("/signin/setup").text.contains("administrator"));
    assert_eq!(send(&old, PASSWORD, PASSWORD, &OWN).status, 400, "the one before");
    assert_eq!(send(&secret, PASSWORD, PASSWORD, &[("sec-fetch-site", "cross-site")]).status, 400);
    assert_eq!(send(&secret, PASSWORD, PASSWORD, &[]).status, 400, "from nowhere");
    assert_eq!(send(&secret, PASSWORD, "another one here", &OWN).status, 400);
    assert!(send(&secret, "short", "short", &OWN).text.contains("12 to 256"));
    assert_eq!(send(&secret, PASSWORD, PASSWORD, &[("origin", ORIGIN)]).status, 200, "a mistake does not use it up");
    assert_eq!(send(&secret, "correct horse zebra", "correct horse zebra", &OWN).status, 404, "one use");
    assert_eq!(stage.sign_in.begin_setup(), None, "there is a password now");
}

#[test] // AUTH-03, AUTH-12
fn a_person_signs_in_and_their_tokens_are_renewed() {
    let stage = stage();
    let page = ask(&stage, &[]);
    assert_eq!((page.status, page.header("content-type")), (200, "text/html; charset=utf-8"));
    assert!(page.text.contains("Sample client") && !page.text.contains("<script"));
    let back = sent_back(&sign_in(&stage, &[], "Administrator", PASSWORD, &OWN), '?');
    assert_eq!(field(&back, "state"), "s&1");
    let answer = redeem(&stage, field(&back, "code"), &[]);
    assert_eq!(answer.status, 200, "{}", answer.text);
    let tokens = answer.json();
    let caller = stage.caller(tokens["access_token"].as_str().unwrap()).unwrap();
    assert_eq!(caller.user, stage.organization.facts().administrator);
    let claims = tokens["id_token"].as_str().unwrap().split('.').nth(1).unwrap().to_owned();
    let claims: Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(claims).unwrap()).unwrap();
    assert_eq!((&claims["aud"], &claims["nonce"], &claims["preferred_username"]), (&SAMPLE.into(), &"n1".into(), &"administrator".into()));

    let first = tokens["refresh_token"].as_str().unwrap();
    let renewed = renew(&stage, first).json();
    let second = renewed["refresh_token"].as_str().unwrap();
    assert!(stage.caller(renewed["access_token"].as_str().unwrap()).is_ok() && first != second);
    assert_eq!(renew(&stage, first).json()["error_codes"][0], 50_173, "used before");
    assert_eq!(renew(&stage, second).json()["error"], "invalid_grant", "so the sign-in is over");
}

#[test] // AUTH-03
fn codes_are_for_one_use_of_one_client_with_its_verifier() {
    let stage = stage();
    let other = stage.register_as(&NewApplication { name: "other", redirects: vec![REDIRECT.to_owned()], ..NewApplication::default() }, WithSecret::No).0;
    for (name, change) in [
        ("another verifier", ("code_verifier", "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHX".to_owned())),
        ("no verifier", ("code_verifier", String::new())),
        ("another redirect address", ("redirect_uri", "http://localhost:51235".to_owned())),
        ("another client", ("client_id", other.to_string())),
    ] {
        let code = code(&stage);
        let answer = redeem(&stage, &code, &[(change.0, &change.1)]);
        assert_eq!((answer.status, &answer.json()["error"]), (400, &"invalid_grant".into()), "{name}: {}", answer.text);
        assert_eq!(redeem(&stage, &code, &[]).status, 400, "{name}: a failure uses it up");
    }
    let code = code(&stage);
    let refresh = redeem(&stage, &code, &[]).json()["refresh_token"].as_str().unwrap().to_owned();
    assert_eq!(redeem(&stage, &code, &[]).json()["error_codes"][0], 54_005);
    assert_eq!(renew(&stage, &refresh).status, 400, "a code that comes again ends what came of it");
    let late = self::code(&stage);
    stage.environment.advance_s(300);
    assert_eq!(redeem(&stage, &late, &[]).json()["error_codes"][0], 70_008);
}

#[test] // AUTH-04
fn answers_come_back_in_the_way_that_was_asked_for() {
    let stage = stage();
    let posted = sign_in(&stage, &[("response_mode", "form_post".to_owned())], "administrator", PASSWORD, &OWN);
    assert_eq!(posted.status, 200);
    assert!(posted.text.contains(&format!("action=\"{REDIRECT}\"")) && posted.text.contains("name=\"code\"") && posted.text.contains("<button>"));
    assert!(posted.text.contains("<script src=\"/signin/post.js\"></script>") && posted.text.matches("<script").count() == 1, "no inline script");
    assert!(posted.header("content-security-policy").contains("form-action http://localhost:* http://127.0.0.1:*;"));
    assert_eq!(stage.get("/signin/post.js").header("content-type"), "text/javascript; charset=utf-8");
    assert_eq!(stage.get("/signin/other.js").status, 404);
    let refused = ask(&stage, &[("response_mode", "fragment".to_owned())]);
    assert_eq!(field(&sent_back(&refused, '#'), "error"), "invalid_request");
    let page = NewApplication { name: "page", redirects: vec![REDIRECT.to_owned()], is_single_page: true, ..NewApplication::default() };
    let id = stage.register_as(&page, WithSecret::No).0.to_string();
    let changes = [("response_mode", "fragment".to_owned()), ("client_id", id)];
    assert!(!field(&sent_back(&sign_in(&stage, &changes, "administrator", PASSWORD, &OWN), '#'), "code").is_empty());
}

#[test] // AUTH-05
fn nobody_is_sent_to_an_address_that_is_not_the_applications() {
    let stage = stage();
    for redirect in ["http://evil.example", "http://localhost:1/elsewhere", "http://localhost.evil.example", ""] {
        let answer = ask(&stage, &[("redirect_uri", redirect.to_owned())]);
        assert_eq!((answer.status, answer.header("location")), (400, ""), "{redirect}");
    }
    assert_eq!(ask(&stage, &[("client_id", "00000000-0000-0000-0000-000000000001".to_owned())]).status, 400);
    for (change, error) in [
        (("code_challenge", String::new()), "invalid_request"),
        (("code_challenge_method", "plain".to_owned()), "invalid_request"),
        (("code_challenge_method", String::new()), "invalid_request"),
        (("response_type", "token".to_owned()), "unsupported_response_type"),
        (("scope", "https://other.example/.default".to_owned()), "invalid_scope"),
        (("prompt", "none".to_owned()), "login_required"),
        (("state", "x".repeat(4_097)), "invalid_request"),
    ] {
        let back = sent_back(&ask(&stage, std::slice::from_ref(&change)), '?');
        assert_eq!(field(&back, "error"), error, "{change:?}");
    }
}

#[test] // AUTH-03, AUTH-27
fn applications_send_passwords_only_where_that_is_switched_on() {
    let scope = format!("{ORIGIN}/user_impersonation openid offline_access");
    let ask = |stage: &Stage, password: &str| {
        let fields = [("grant_type", "password"), ("client_id", SAMPLE), ("username", "administrator"), ("password", password), ("scope", &scope)];
        stage.post("/adfs/oauth2/token", &fields)
    };
    let off = stage();
    assert_eq!(ask(&off, PASSWORD).json()["error"], "unsupported_grant_type");
    let on = stage_with(SignInSettings { password_grant: true, ..SignInSettings::default() });
    let grants = |stage: &Stage| stage.get("/adfs/.well-known/openid-configuration").json()["grant_types_supported"].to_string();
    assert_eq!((grants(&off).contains("\"password\""), grants(&on).contains("\"password\"")), (false, true));
    let tokens = ask(&on, PASSWORD).json();
    assert_eq!(on.caller(tokens["access_token"].as_str().unwrap()).unwrap().user, on.organization.facts().administrator);
    assert!(tokens["id_token"].is_string() && renew(&on, tokens["refresh_token"].as_str().unwrap()).status == 200);
    for _ in 0..5 {
        assert_eq!(ask(&on, "wrong password").json()["error_codes"][0], 50_126);
    }
    assert_eq!(ask(&on, PASSWORD).json()["error_codes"][0], 50_126, "too many attempts, and told the same");
}

#[test] // AUTH-26, AUTH-27
fn wrong_passwords_are_all_answered_alike_and_slow_down() {
    let stage = stage();
    let attempt = |name: &str, password: &str| sign_in(&stage, &[], name, password, &OWN);
    let text = |answer: Answer, name: &str| answer.text.replace(name, "NAME");
    let wrong = text(attempt("administrator", "wrong password"), "administrator");
    assert_eq!(wrong, text(attempt("nobody", "wrong password"), "nobody"));
    assert_eq!(sign_in(&stage, &[], "administrator", PASSWORD, &[("sec-fetch-site", "cross-site")]).status, 400, "AUTH-29");
    for _ in 0..3 {
        assert_eq!(attempt("administrator", "wrong password").status, 401);
    }
    assert_eq!(wrong, text(attempt("administrator", PASSWORD), "administrator"), "too early, and told the same");
    stage.environment.advance_s(60);
    assert_eq!(attempt("administrator", PASSWORD).status, 303);
}

#[test] // AUTH-29
fn a_form_counts_only_if_our_own_page_sent_it() {
    let stage = stage();
    let scope = format!("{ORIGIN}/user_impersonation");
    let user = stage.post("/adfs/oauth2/devicecode", &[("client_id", SAMPLE), ("scope", &scope)]).json()["user_code"].as_str().unwrap().to_owned();
    let device = |headers: &[(&str, &str)]| stage.post_with("/signin/device", &[("user_code", &user)], headers).status;
    let person = |headers: &[(&str, &str)]| sign_in(&stage, &[], "administrator", PASSWORD, headers).status;
    for headers in [
        &[("sec-fetch-site", "cross-site")][..],
        &[("sec-fetch-site", "same-site")],
        &[("sec-fetch-site", "cross-site"), ("origin", ORIGIN)],
        &[("sec-fetch-site", "")],
        &[("origin", "https://evil.example")],
        &[("origin", "https://localhost:8444")],
        &[("origin", "http://localhost:8443")],
        &[("origin", "https://localhost:8443.evil.example")],
        &[("origin", "null")],
        &[("referer", ORIGIN)],
        &[],
    ] {
        assert_eq!((person(headers), device(headers)), (400, 400), "{headers:?}");
    }
    for headers in [&[("sec-fetch-site", "same-origin")][..], &[("sec-fetch-site", "none")], &[("origin", ORIGIN)]] {
        assert_eq!((person(headers), device(headers)), (303, 200), "{headers:?}");
    }
}

#[test] // AUTH-13
fn a_device_is_signed_in_from_elsewhere() {
    let stage = stage();
    let scope = format!("{ORIGIN}/user_impersonation offline_access");
    let begun = stage.post("/adfs/oauth2/devicecode", &[("client_id", SAMPLE), ("scope", &scope)]).json();
    let text = |name: &str| begun[name].as_str().unwrap().to_owned();
    assert_eq!((text("verification_uri"), &begun["expires_in"], &begun["interval"]), (format!("{ORIGIN}/signin/device"), &900.into(), &5.into()));
    let (device, user) = (text("device_code"), text("user_code"));
    let poll = || {
        let kind = "urn:ietf:params:oauth:grant-type:device_code";
        stage.post("/adfs/oauth2/token", &[("grant_type", kind), ("client_id", SAMPLE), ("device_code", &device), ("code", &device)])
    };
    assert_eq!((poll().json()["error"].clone(), poll().json()["error"].clone()), ("authorization_pending".into(), "slow_down".into()));
    assert_eq!(stage.get("/signin/device").status, 200);
    let page = |fields: &[(&str, &str)]| stage.post_with("/signin/device", fields, &OWN);
    assert_eq!(page(&[("user_code", "BBBB-BBBB")]).status, 400);
    let question = page(&[("user_code", &user.to_lowercase())]);
    assert!(["Sample client", "127.0.0.1", "user_impersonation", &user].iter().all(|text| question.text.contains(text)), "{}", question.text);
    let decide = |password| page(&[("user_code", &user), ("decision", "allow"), ("username", "administrator"), ("password", password)]);
    assert_eq!(decide("wrong password").status, 401);
    let foreign = stage.post_with("/signin/device", &[("user_code", &user), ("decision", "refuse")], &[("sec-fetch-site", "cross-site")]);
    assert_eq!(foreign.status, 400);
    assert_eq!(decide(PASSWORD).status, 200);
    let tokens = poll().json();
    let caller = stage.caller(tokens["access_token"].as_str().unwrap()).unwrap();
    assert_eq!(caller.user, stage.organization.facts().administrator);
    assert_eq!(renew(&stage, tokens["refresh_token"].as_str().unwrap()).status, 200);
    assert_eq!(poll().json()["error"], "expired_token");
}
