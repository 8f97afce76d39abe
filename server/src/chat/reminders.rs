//! Reminders: kept in the store, delivered when they are due, also those that fell due while nobody ran.

use super::ChatService;
use crate::store::{Reminder, StoreError};
use app::chat::{DraftId, Message, Millis, Refusal};
use std::sync::{Arc, Weak};
use std::time::Duration;
use tokio::sync::Notify;

/// The longest sleep: the clock may be set meanwhile.
const NAP: Duration = Duration::from_secs(60);

/// Reminders read at once.
const BATCH: usize = 32;

impl ChatService {
    /// Notes what the author of `message` wants to be told; says whether there was room.
    pub(super) async fn remind(
        &self,
        message: &Message,
        text: String,
        due: Millis,
    ) -> Result<bool, StoreError> {
        let reminder = Reminder {
            draft: DraftId::random(),
            chat: message.chat,
            user: message.author.id,
            text,
            due,
        };
        let noted = self.wiring.store.remind(reminder, super::REMINDERS).await?;
        self.reminded.notify_one();
        Ok(noted)
    }

    /// Delivers what is due, and says how long nothing will be.
    async fn deliver_due(&self) -> Duration {
        let Some(bot) = self.wiring.bots.first().map(|bot| bot.person()) else {
            return NAP;
        };
        let waiting = match self.wiring.store.next_reminders(BATCH).await {
            Ok(waiting) => waiting,
            Err(error) => {
                super::unavailable(&error);
                return NAP;
            }
        };
        let full = waiting.len() == BATCH;
        for reminder in waiting {
            let now = (self.wiring.clock)();
            if reminder.due > now {
                return NAP.min(Duration::from_millis(reminder.due.0 - now.0));
            }
            // Said once whatever happens in between: the draft makes the message, and then the row goes.
            match self
                .say(&bot, reminder.chat, reminder.draft, &reminder.text)
                .await
            {
                Ok(()) => {}
                Err(Refusal::Unavailable) => return NAP,
                Err(refusal) => tracing::info!(%refusal, "a reminder was not heard"),
            }
            if let Err(error) = self.wiring.store.forget_reminder(reminder.draft).await {
                super::unavailable(&error);
                return NAP;
            }
        }
        if full { Duration::ZERO } else { NAP }
    }
}

/// Runs until the service is gone.
pub(super) async fn deliver(service: Weak<ChatService>, reminded: Arc<Notify>) {
    loop {
        let Some(service) = service.upgrade() else {
            return;
        };
        let wait = service.deliver_due().await;
        drop(service);
        // A new reminder may be due earlier.
        let _ = tokio::time::timeout(wait, reminded.notified()).await;
    }
}
