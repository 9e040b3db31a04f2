//! Chromium without a window, driven by ChromeDriver over the WebDriver protocol.

use std::io::{BufRead, BufReader};
use std::process::{Child, ChildStdout, Command, Stdio};

use serde_json::{Value, json};

use crate::support::exchange;

/// How Chromium is started: without a window, without calls of its own, and without its sandbox, which the superuser of a container has not. It sees
/// pages of this test only.
const ARGUMENTS: [&str; 9] = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
];
/// How long an element is waited for, since pages follow one another by themselves.
const PATIENCE_MS: u64 = 30_000;
/// What ChromeDriver says when it listens; the port follows.
const STARTED: &str = "was started successfully on port ";
/// Key of an element's name in answers.
const ELEMENT: &str = "element-6066-11e4-a52e-4f735466cecf";

/// A browser with one page; ended when dropped.
pub(crate) struct Browser {
    driver: Child,
    /// Kept open, since the driver goes on writing.
    _said: BufReader<ChildStdout>,
    host: String,
    session: String,
}

impl Browser {
    /// Starts a browser; none if this machine has no ChromeDriver.
    pub(crate) fn start() -> Option<Self> {
        let mut driver = Command::new("chromedriver").arg("--port=0").stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().ok()?;
        let mut said = BufReader::new(driver.stdout.take().unwrap());
        let port = loop {
            let mut line = String::new();
            assert_ne!(said.read_line(&mut line).unwrap(), 0, "ChromeDriver ended");
            if let Some((_, port)) = line.split_once(STARTED) {
                break port.trim().trim_end_matches('.').to_owned();
            }
        };
        let mut browser = Self { driver, _said: said, host: format!("127.0.0.1:{port}"), session: "/session".to_owned() };
        let wanted = json!({
            "browserName": "chrome",
            "acceptInsecureCerts": true,
            "goog:loggingPrefs": {"browser": "ALL"},
            "goog:chromeOptions": {"args": ARGUMENTS},
        });
        let made = browser.post("", &json!({"capabilities": {"alwaysMatch": wanted}}));
        browser.session = format!("{}/{}", browser.session, made["sessionId"].as_str().unwrap());
        browser.post("/timeouts", &json!({"implicit": PATIENCE_MS}));
        Some(browser)
    }

    /// Opens an address and waits for its page.
    pub(crate) fn open(&self, address: &str) {
        self.post("/url", &json!({"url": address}));
    }

    /// Types into the field of this name.
    pub(crate) fn fill(&self, name: &str, text: &str) {
        self.post(&format!("/element/{}/value", self.find("css selector", &format!("[name={name}]"))), &json!({"text": text}));
    }

    /// Presses the page's button and waits for what follows.
    pub(crate) fn press(&self) {
        self.post(&format!("/element/{}/click", self.find("css selector", "button")), &json!({}));
    }

    /// Waits for the page with this heading.
    pub(crate) fn expect_heading(&self, heading: &str) {
        self.find("xpath", &format!("//h1[.='{heading}']"));
    }

    /// Waits for a page that tells of a problem.
    pub(crate) fn expect_problem(&self) {
        self.find("css selector", "[role=alert]");
    }

    /// Fails if the console was told of a breach of a page's policy, or of a mistake in one (SEC-63).
    pub(crate) fn expect_quiet_console(&self) {
        let told = self.post("/se/log", &json!({"type": "browser"}));
        let is_report = |entry: &Value| entry["message"].as_str().is_some_and(|text| text.contains("Content Security Policy"));
        assert!(!told.as_array().unwrap().iter().any(is_report), "{told}");
    }

    fn find(&self, way: &str, what: &str) -> String {
        self.post("/element", &json!({"using": way, "value": what}))[ELEMENT].as_str().unwrap().to_owned()
    }

    fn post(&self, path: &str, body: &Value) -> Value {
        let (status, text) = exchange("POST", &self.host, &format!("{}{path}", self.session), "application/json", &body.to_string());
        assert_eq!(status, 200, "the browser, about {path} {body}: {text}");
        serde_json::from_str::<Value>(&text).unwrap()["value"].take()
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        // This ends Chromium, which would outlive its driver.
        exchange("DELETE", &self.host, &self.session, "application/json", "");
        let _ = self.driver.kill();
        let _ = self.driver.wait();
    }
}
