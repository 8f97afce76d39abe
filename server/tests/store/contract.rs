//! What every store promises, case by case. A case takes a kind of place and asks it for a store of its own;
//! it refuses to know which engine answers.

pub mod chats;
pub mod crowds;
pub mod members;
pub mod messages;
pub mod pages;
pub mod passkeys;
pub mod people;
pub mod reminders;
pub mod screens;

/// Tries every case on one kind of place.
macro_rules! contract {
    ($place:ty) => {
        crate::contract::cases! { $place;
            people: [
                establishing_again_changes_nothing,
                two_who_establish_at_once_get_one_chat,
                whoever_is_first_has_the_name_alone,
                a_reserved_name_comes_with_a_tag,
                a_name_with_a_taken_tag_is_a_conflict_and_stores_nobody,
                of_many_who_take_a_name_at_once_one_has_it_alone,
                hostile_names_are_kept_to_the_byte_and_harm_no_other,
                nobody_and_nothing_are_answers,
            ]
            chats: [
                a_request_for_a_chat_makes_one_however_often_it_comes,
                a_deleted_chat_takes_everything_along_and_never_returns,
                each_change_of_a_chat_is_one_version,
                a_change_of_other_rows_than_decided_on_is_a_conflict,
                of_many_changes_at_once_none_is_lost,
                a_chat_passes_to_the_member_of_longest_standing,
                a_private_chat_goes_with_its_last_member,
                two_have_one_private_chat_whoever_opens_it,
                a_pair_that_opens_its_chat_from_both_sides_at_once_has_one,
                hostile_chat_names_are_kept_to_the_byte_and_harm_no_other,
            ]
            members: [
                joining_twice_is_joining_once,
                leaving_takes_the_row_and_leaving_again_nothing,
                an_invitation_is_a_membership,
                of_many_who_join_and_leave_at_once_nobody_is_lost,
                of_a_crowd_all_are_counted_and_the_first_listed,
                a_cursor_only_moves_forward,
                whoever_has_read_all_has_read_their_own_message,
                a_view_shows_the_rows_that_were_asked_for,
            ]
            messages: [
                places_are_counted_for_each_chat_from_one_without_gaps,
                what_is_refused_leaves_nothing_and_is_not_told,
                a_draft_is_one_message_however_often_it_comes,
                a_draft_that_comes_many_times_at_once_is_one_message,
                a_draft_belongs_to_its_author_and_its_chat,
                a_message_at_a_place_that_is_taken_or_too_far_is_a_conflict,
                of_facts_that_cannot_all_be_applied_none_is,
                the_longest_message_is_kept_whole,
                every_character_is_kept_as_it_was_written,
                numbers_beyond_what_a_float_holds_are_kept_exactly,
                a_chat_off_the_record_keeps_nothing,
                each_commit_is_told_once_before_its_answer_and_in_order,
            ]
            pages: [
                an_empty_chat_has_empty_pages,
                every_window_of_every_size_is_exactly_what_lies_there,
                a_thousand_messages_are_read_page_by_page_in_both_directions,
            ]
            screens: [
                everybody_sees_what_is_public_and_members_what_is_theirs,
                a_pair_is_shown_under_the_other_persons_name,
                a_chat_opens_where_its_reader_stopped,
                before_the_default_chat_is_there_nothing_is_shown,
                everything_is_there_again_after_reopening,
            ]
            crowds: [
                sixty_four_writers_to_one_chat_lose_and_double_nothing,
                sixty_four_writers_to_sixty_four_chats_lose_and_double_nothing,
                whoever_reads_meanwhile_sees_no_gap,
            ]
            passkeys: [
                a_passkey_is_kept_for_its_person_until_it_is_removed,
                nobody_has_a_passkey_twice,
                of_many_who_renew_a_passkey_at_once_one_does,
            ]
            reminders: [
                a_reminder_waits_until_it_is_forgotten,
                the_earliest_come_first,
                nobody_has_more_than_the_limit,
                reminders_go_with_their_chat,
            ]
        }
    };
}

macro_rules! cases {
    ($place:ty; $($topic:ident: [$($case:ident,)+])+) => {
        $(mod $topic {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $case() {
                crate::contract::$topic::$case::<$place>().await;
            })+
        })+
    };
}

pub(crate) use {cases, contract};
