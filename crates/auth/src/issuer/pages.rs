//! Pages that people see: rendered here, without inline scripts or styles (SEC-63).

use askama::Template;
use bytes::Bytes;
use http::{Request, Response, header};

use super::answer;
use super::fault::Fault;

const HTML: &str = "text/html; charset=utf-8";

#[derive(Template)]
#[template(path = "sign_in.html")]
struct SignInPage<'a> {
    application: &'a str,
    action: &'a str,
    fields: &'a [(&'a str, &'a str)],
    user: &'a str,
    problem: &'a str,
}

#[derive(Template)]
#[template(path = "post.html")]
struct PostPage<'a> {
    action: &'a str,
    fields: &'a [(&'a str, String)],
}

#[derive(Template)]
#[template(path = "message.html")]
struct MessagePage<'a> {
    title: &'a str,
    text: &'a str,
}

#[derive(Template)]
#[template(path = "setup.html")]
struct SetupPage<'a> {
    user: &'a str,
    problem: &'a str,
}

#[derive(Template)]
#[template(path = "device.html")]
struct DevicePage<'a> {
    problem: &'a str,
}

/// What a person is asked about a device.
#[derive(Template)]
#[template(path = "approve.html")]
pub(super) struct Approval<'a> {
    pub(super) application: &'a str,
    pub(super) code: &'a str,
    pub(super) scopes: &'a str,
    pub(super) address: &'a str,
    pub(super) user: &'a str,
    pub(super) problem: &'a str,
}

/// The form for name and password; `fields` come back with it. `redirect` is where the browser goes afterwards.
pub(super) fn sign_in(application: &str, action: &str, fields: &[(&str, &str)], user: &str, problem: &str, redirect: &str) -> Response<Bytes> {
    let status = if problem.is_empty() { 200 } else { 401 };
    page(status, &SignInPage { application, action, fields, user, problem }, &format!("'self' {}", form_target(redirect)))
}

/// Posts fields to the application by itself, or by a button where scripts are off (AUTH-04).
pub(super) fn post(redirect: &str, fields: &[(&str, String)]) -> Response<Bytes> {
    page(200, &PostPage { action: redirect, fields }, &form_target(redirect))
}

/// What is wrong with a request whose answer can go nowhere else.
pub(super) fn problem(fault: &Fault) -> Response<Bytes> {
    message(400, "This sign-in cannot go on", &fault.description())
}

/// A page that says something.
pub(super) fn message(status: u16, title: &str, text: &str) -> Response<Bytes> {
    page(status, &MessagePage { title, text }, "'none'")
}

/// The form that gives the first administrator a password (AUTH-40).
pub(super) fn setup(user: &str, problem: &str) -> Response<Bytes> {
    let status = if problem.is_empty() { 200 } else { 400 };
    page(status, &SetupPage { user, problem }, "'self'")
}

/// The form for the code that a device shows (AUTH-13).
pub(super) fn device(problem: &str) -> Response<Bytes> {
    let status = if problem.is_empty() { 200 } else { 400 };
    page(status, &DevicePage { problem }, "'self'")
}

/// The question whether a device may be signed in.
pub(super) fn approve(approval: &Approval<'_>) -> Response<Bytes> {
    let status = if approval.problem.is_empty() { 200 } else { 401 };
    page(status, approval, "'self'")
}

/// Scripts and styles of the pages.
pub(super) fn asset(name: &str) -> Option<Response<Bytes>> {
    let (kind, text) = match name {
        "sign_in.css" => ("text/css; charset=utf-8", include_str!("../../pages/sign_in.css")),
        "post.js" => ("text/javascript; charset=utf-8", include_str!("../../pages/post.js")),
        "setup.js" => ("text/javascript; charset=utf-8", include_str!("../../pages/setup.js")),
        _ => return None,
    };
    Some(answer::of(200, kind, Bytes::from_static(text.as_bytes())))
}

/// Whether a form was sent from one of our own pages (AUTH-29): browsers say so in a header that pages cannot set.
pub(super) fn is_own_form(request: &Request<Bytes>, origin: &str) -> bool {
    let header = |name: &str| request.headers().get(name).and_then(|value| value.to_str().ok());
    match header("sec-fetch-site") {
        Some(site) => matches!(site, "same-origin" | "none"),
        None => header("origin").is_some_and(|sender| sender.eq_ignore_ascii_case(origin)),
    }
}

/// Where a form may lead, as a source of a policy: any port of loopback (plain HTTP leads nowhere else), the one origin, or the one scheme.
fn form_target(redirect: &str) -> String {
    let Some((scheme, rest)) = redirect.split_once("://") else { return String::new() };
    match scheme {
        // No source can name an IPv6 address: browsers pass it over, and report it.
        "http" if rest.starts_with('[') => "http:".to_owned(),
        "http" => "http://localhost:* http://127.0.0.1:*".to_owned(),
        "https" => format!("https://{}", rest.split(['/', '?']).next().unwrap_or("")),
        other => format!("{other}:"),
    }
}

fn page(status: u16, template: &impl Template, form_action: &str) -> Response<Bytes> {
    let Ok(text) = template.render() else { return answer::empty(500) };
    let policy = format!(
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; form-action {form_action}; frame-ancestors 'none'; base-uri 'none'"
    );
    let mut response = answer::of(status, HTML, Bytes::from(text));
    // The browser shall name us as the sender of our own forms.
    response.headers_mut().remove(header::REFERRER_POLICY);
    let response = answer::with(response, header::REFERRER_POLICY, "same-origin");
    let response = answer::with(response, header::CONTENT_SECURITY_POLICY, &policy);
    answer::with(response, header::HeaderName::from_static("cross-origin-opener-policy"), "same-origin")
}

#[cfg(test)]
mod tests {
    use super::{form_target, sign_in};

    #[test] // AUTH-04
    fn forms_lead_where_the_application_is() {
        assert_eq!(form_target("http://localhost:5/x"), "http://localhost:* http://127.0.0.1:*");
        assert_eq!(form_target("http://[::1]:5/x"), "http:");
        assert_eq!(form_target("https://app.example:8/x?y"), "https://app.example:8");
        assert_eq!(form_target("app://58145B91"), "app:");
    }

    #[test]
    fn what_others_wrote_is_escaped() {
        let page = sign_in("<b>", "/adfs", &[("state", "\"><script>")], "<i>", "", "http://localhost");
        let text = String::from_utf8(page.body().to_vec()).unwrap();
        assert!(!text.contains("<b>") && !text.contains("<i>") && !text.contains("<script>"), "{text}");
        assert!(page.headers()["content-security-policy"].to_str().unwrap().contains("script-src 'self'"));
    }
}
