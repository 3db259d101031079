//! Passwords, by the method of that name or by keyboard-interactive.

use crate::handler::Handler;
use kdo_transport::Secret;
use russh::client::{AuthResult, Handle, KeyboardInteractiveAuthResponse as Answer};

/// Server rounds in one keyboard-interactive exchange before we give up.
const ROUNDS: usize = 8;

/// Tries the password method.
pub(crate) async fn plain(
    handle: &mut Handle<Handler>,
    user: &str,
    password: &Secret,
) -> Result<AuthResult, russh::Error> {
    handle.authenticate_password(user, password.expose()).await
}

/// Answers the first hidden prompt with the password. A prompt that asks for anything else, or a second time, ends the
/// attempt; the text of that prompt is returned beside the result.
pub(crate) async fn interactive(
    handle: &mut Handle<Handler>,
    user: &str,
    password: &Secret,
) -> Result<(AuthResult, Option<String>), russh::Error> {
    let mut answer = handle
        .authenticate_keyboard_interactive_start(user, None::<String>)
        .await?;
    let mut given = false;
    for _ in 0..ROUNDS {
        let prompts = match answer {
            Answer::Success => return Ok((AuthResult::Success, None)),
            Answer::Failure {
                remaining_methods,
                partial_success,
            } => {
                return Ok((
                    AuthResult::Failure {
                        remaining_methods,
                        partial_success,
                    },
                    None,
                ));
            }
            Answer::InfoRequest { prompts, .. } => prompts,
        };
        let mut responses = Vec::new();
        for prompt in &prompts {
            if given || prompt.echo {
                return Ok((refused(), Some(crate::handler::one_line(&prompt.prompt))));
            }
            given = true;
            responses.push(password.expose().to_owned());
        }
        answer = handle
            .authenticate_keyboard_interactive_respond(responses)
            .await?;
    }
    Ok((refused(), None))
}

fn refused() -> AuthResult {
    AuthResult::Failure {
        remaining_methods: russh::MethodSet::empty(),
        partial_success: false,
    }
}
