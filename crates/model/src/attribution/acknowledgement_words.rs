//! The words of thanks and assent, as people write them; data of [`is_acknowledgement`](super::is_acknowledgement).
//!
//! A line for each language (two where one is too short), phrases separated by commas. Matching ignores case, marks,
//! apostrophes and punctuation. Chinese is written without spaces and matched character by character.

/// Phrases that thank.
pub(super) const THANKS: &[&str] = &[
    // en
    "thanks, thank you, thank u, thank, thankyou, thx, thanx, thnx, tnx, tks, ty, tysm, tyvm, cheers, ta, many thanks",
    "much appreciated, appreciated, appreciate it, i appreciate it, i appreciate that, 3q",
    // lt
    "ačiū, dėkui, dėkoju, dėkojame, dėkojam, nuoširdžiai dėkoju",
    // lv
    "paldies, liels paldies, paldiesiņ, pateicos, pateicamies",
    // pl
    "dziękuję, dziękujemy, dzięki, dzięks, dziena, dzięx, dzk, dz, wielkie dzięki, stokrotne dzięki",
    // zh-Hans, zh-Hant
    "谢谢, 谢, 多谢, 感谢, 感恩, 谢啦, 谢了, 辛苦, 麻烦你了, 麻烦您了, 唔该",
    "謝謝, 謝, 多謝, 感謝, 謝啦, 謝了, 麻煩你了, 麻煩您了, 唔該",
];

/// Phrases that assent, take note or say goodbye.
pub(super) const ASSENT: &[&str] = &[
    // en
    "ok, okay, okey, oki, okie, okidoki, okie dokie, k, kk, alright, all right, all good, sounds good, looks good, good, great, perfect",
    "excellent, awesome, amazing, brilliant, fantastic, wonderful, lovely, super, cool, nice, fine, got it, i got it, gotcha, understood",
    "i understand, noted, roger, will do, sure, no problem, no worries, np, you too, same to you, have a nice day, have a good day",
    "have a great day, have a good one, have a nice evening, have a nice weekend, bye, goodbye, good bye, good night",
    // lt
    "gerai, puiku, šaunu, nuostabu, tobula, supratau, supratom, supratome, aišku, viskas aišku, viskas gerai, tinka, sutarta",
    "sutarėm, tvarkoj, tvarkoje, nėra už ką, nieko tokio, iki, viso gero, geros dienos, gražios dienos, gero vakaro, ir jums",
    // lv
    "labi, lieliski, forši, superīgi, skaidrs, viss skaidrs, sapratu, sapratām, viss kārtībā, kārtībā, viss labi, der, sarunāts",
    "nav par ko, ata, uz redzēšanos, jauku dienu, lai jauka diena, jums arī",
    // pl
    "okej, dobrze, dobra, w porządku, świetnie, ekstra, extra, idealnie, znakomicie, wspaniale, rozumiem, zrozumiałem, zrozumiałam",
    "zrozumiano, jasne, wszystko jasne, przyjęłam, przyjąłem, spoko, pasuje, zgoda, nie ma za co, nie ma sprawy, nie ma problemu",
    "miłego dnia, miłego wieczoru, wzajemnie, do widzenia, pa",
    // zh-Hans, zh-Hant
    "好, 好的, 好滴, 好哒, 好呀, 好吧, 行, 可以, 没问题, 没事, 收到, 明白, 了解, 知道, 懂, 清楚, 嗯, 嗯嗯, 对, 太好了, 太棒了, 棒, 赞",
    "不客气, 不用谢, 再见, 拜拜, 祝好, 搞定",
    "好噠, 沒問題, 沒事, 瞭解, 對, 讚, 不客氣, 不用謝, 再見, 掰掰, 喔, 噢, 哦",
];

/// Words that may stand beside both and say nothing of their own.
pub(super) const FILLERS: &[&str] = &[
    // en
    "you, u, so, very, much, really, a lot, lots, a bunch, a million, again, and, then, oh, ah, aha, well, yes, yeah, yep, yup, it is, its",
    "thats, that is, all, everyone, everybody, guys, team, sir, madam, mate, dear, too, also, as well, best, regards, kind regards",
    "in advance, indeed, xx, xoxo, haha, a nice day, a nice weekend",
    // lt
    "labai, jums, tau, dar kartą, ir, tai, taip, viskas, tada, iš anksto, nuoširdžiai, didelis, jums taip pat",
    // lv
    "ļoti, liels, jums, tev, vēlreiz, un, nu, jā, tad, tas, jau iepriekš, sirsnīgs, milzīgs",
    // pl
    "bardzo, wielkie, serdecznie, pięknie, ślicznie, jeszcze raz, z góry, i, a, to, tak, pan, pani, panu, państwu, wam, ci, pozdrawiam",
    "w takim razie",
    // zh-Hans, zh-Hant
    "你, 您, 你们, 您们, 们, 了, 啦, 呀, 啊, 哈, 呢, 的, 吧, 非常, 十分, 很, 太, 真, 都, 我, 那, 那就, 就, 这样, 大家, 老师, 亲, 多, 啰, 咯, 嘛",
    "你們, 您們, 們, 這樣, 老師, 親, 囉",
];

/// What one thanks for; says nothing only after thanks ("thanks for the quick answer", but not "ok, and your answer").
pub(super) const REASONS: &[&str] = &[
    // en
    "for, your, the, this, that, it, everything, help, helping, assistance, support, service, reply, answer, response, info, information",
    "quick, fast, prompt, kind, great, time, patience, clarification, explanation, feedback, update, me, us, letting me know",
    // lt
    "už, pagalbą, atsakymą, informaciją, viską, greitą, operatyvumą, jūsų, rūpestį",
    // lv
    "par, palīdzību, atbildi, informāciju, visu, ātro, jūsu",
    // pl
    "za, pomoc, odpowiedź, informację, informacje, wszystko, szybką, państwa, wsparcie",
    // zh-Hans, zh-Hant
    "帮助, 帮忙, 回复, 解答, 耐心, 支持, 提醒, 告知",
    "幫助, 幫忙, 回覆, 支援",
];

/// Emoji that complain or ask; alone or beside thanks they are no coda.
pub(super) const COMPLAINTS: &[char] = &[
    '👎', '😡', '😠', '🤬', '😤', '😢', '😭', '😞', '😔', '😟', '🙁', '☹', '😣', '😖', '😫', '😩', '💔', '❌', '🖕',
    '😒', '🙄', '😕', '❓', '❔', '⁉', '💩', '🤡', '😱', '🆘', '⚠', '🤔',
];

/// Smileys in letters that please, in small letters.
pub(super) const SMILEYS: &[&str] =
    &[":-)", ":)", ";-)", ";)", ":-d", ":d", ":-p", ":p", "<3", "^^", "=)", ":]", ":*", ":o)"];

/// Smileys in letters that complain.
pub(super) const FROWNS: &[&str] = &[":-(", ":(", ":'(", "=(", ":/", ":-/", ":[", ">:", "</3"];
