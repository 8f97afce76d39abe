//! Lets bots hear what was posted, and does what they want done. Refuses to know what a bot thinks.

use super::bots::{self, Act, Bot, Heard};
use super::{ChatService, lock, stored};
use crate::store::Commit;
use app::chat::{
    Access, ChatId, Command, DraftId, Fact, Kind, Message, Millis, Person, Post, Refusal,
};
use std::sync::Arc;
use uuid::Uuid;

impl ChatService {
    /// Bots do not hear bots: two of them would never stop.
    pub(super) fn let_bots_hear(&self, commit: &Commit) {
        let ([Fact::MessagePosted(message)], Some(chat)) = (commit.facts.as_slice(), &commit.chat)
        else {
            return;
        };
        if commit.repeated || message.author.kind == Kind::Bot {
            return;
        }
        let is_pair = chat.access == Access::Pair;
        for bot in &self.wiring.bots {
            // A pair's other half is known from its members; until then it may be any bot's.
            if !is_pair && !bot.is_addressed(message, false) {
                continue;
            }
            let (me, bot, message) = (self.me.clone(), bot.clone(), message.clone());
            tokio::spawn(async move {
                if let Some(service) = me.upgrade() {
                    service.let_hear(&*bot, &message, is_pair).await;
                }
            });
        }
    }

    async fn let_hear(&self, bot: &dyn Bot, message: &Message, is_pair: bool) {
        let Ok(members) = stored(self.wiring.store.members(message.chat).await) else {
            return;
        };
        let person = bot.person();
        let is_private = is_pair && members.iter().any(|member| member.id == person.id);
        if is_pair && !is_private || !bot.is_addressed(message, is_private) {
            return;
        }
        if self.know_who_is_there().await.is_err() {
            return;
        }
        let mut here: Vec<Person> = {
            let roster = lock(&self.roster);
            members
                .into_iter()
                .filter(|one| roster.contains(one.id))
                .collect()
        };
        here.sort_by_key(|one| one.to_string().to_lowercase());
        let acts = bot.answer(&Heard {
            message,
            is_private,
            here: &here,
            now: (self.wiring.clock)(),
            roll: &roll,
        });
        let draft = bots::answer_to(message.draft, &person);
        for act in acts {
            let text = match act {
                Act::Say(text) => text,
                Act::Remind {
                    text,
                    delay,
                    confirmation,
                    refusal,
                } => {
                    let delay = u64::try_from(delay.as_millis()).unwrap_or(u64::MAX);
                    let due = Millis(message.posted_at.0.saturating_add(delay));
                    match self.remind(message, text, due).await {
                        Ok(true) => confirmation,
                        Ok(false) => refusal,
                        Err(_) => return,
                    }
                }
            };
            if let Err(refusal) = self.say(&person, message.chat, draft, &text).await {
                tracing::info!(%refusal, "a bot was not heard");
            }
        }
    }

    /// Posts as a bot, under all the rules of the chat.
    pub(super) async fn say(
        &self,
        bot: &Person,
        chat: ChatId,
        draft: DraftId,
        text: &str,
    ) -> Result<(), Refusal> {
        let body = text.parse()?;
        let post = Command::PostMessage(Post { chat, draft, body });
        self.commit(bot, Arc::new(post)).await.map(drop)
    }
}

/// A number from 1 to `faces`, from the operating system's randomness.
fn roll(faces: u32) -> u32 {
    let random = Uuid::new_v4().as_u128() & u128::from(u32::MAX);
    let faces = u128::from(faces.max(1));
    1 + u32::try_from(random % faces).expect("less than a u32")
}
