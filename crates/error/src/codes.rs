//! The table of public error codes.
//!
//! Six digits `XXYYZZ`: category or service, feature, number (see the architecture document, error handling). HTTP
//! statuses are those that clients of the older API know. A code may stand in several rows, where it answers
//! with another status or can say more; the reason is what tells rows apart.

use crate::Error;

/// A row of the table.
#[derive(Debug, PartialEq, Eq)]
pub struct ErrorSpec {
    /// The reason in `google.rpc.ErrorInfo`, unique.
    pub reason: &'static str,
    /// The six-digit code.
    pub code: &'static str,
    /// The HTTP status.
    pub http: u16,
    /// The gRPC status number.
    pub grpc: i32,
    /// For the user, in English.
    pub en: &'static str,
    /// For the user, in Japanese.
    pub ja: &'static str,
}

impl ErrorSpec {
    /// Makes an error of this row.
    pub fn error(&'static self, message: impl Into<String>) -> Error {
        Error::new(self, message)
    }
}

/// The row of a reason.
pub fn by_reason(reason: &str) -> Option<&'static ErrorSpec> {
    ALL.iter().copied().find(|spec| spec.reason == reason)
}

macro_rules! table {
    ($($name:ident $code:literal $http:literal $grpc:literal $en:literal $ja:literal;)*) => {
        $(
            #[doc = concat!("`", $code, "`, HTTP ", $http, ": ", $en, ".")]
            pub static $name: ErrorSpec = ErrorSpec {
                reason: stringify!($name), code: $code, http: $http, grpc: $grpc, en: $en, ja: $ja,
            };
        )*
        /// Every row, in order of code.
        pub static ALL: &[&ErrorSpec] = &[$(&$name),*];
    };
}

// name, code, HTTP status, gRPC status (google.rpc.Code), English, Japanese
table! {
    // General: 10
    GENERAL_FAILURE "100000" 400 9 "The request cannot be carried out" "処理できません";
    SCOPE_MISMATCH "100000" 400 7 "The tenant does not match the credential" "テナントが認証情報と一致しません";
    NOT_FOUND "100001" 404 5 "The target was not found" "対象データが見つかりません";
    DELETED "100001" 404 5 "This was deleted and can be restored" "削除済みです。復元できます";
    METHOD_NOT_ALLOWED "100002" 405 12 "The method is not allowed for this path" "このメソッドは使用できません";
    BODY_TOO_LARGE "100003" 413 8 "The request is too large" "リクエストが大きすぎます";
    OVERLOADED "100004" 503 14 "The service is busy, try again" "混雑しています。再度お試しください";
    DEADLINE_EXCEEDED "100005" 504 4 "The request took too long" "処理がタイムアウトしました";
    REQUEST_TOO_SLOW "100006" 408 4 "The request did not arrive in time" "リクエストの受信が時間内に完了しませんでした";
    // Authentication: 20
    UNAUTHENTICATED "200001" 401 16 "Authentication failed" "認証に失敗しました";
    PERMISSION_DENIED "200002" 403 7 "This is not permitted" "権限がありません";
    TOO_MANY_TRIES "200003" 429 8 "There were too many tries, wait a moment" "試行回数が多すぎます。しばらくお待ちください";
    PASSWORD_CHANGE_REQUIRED "200004" 403 9 "The password must be changed first" "パスワードの変更が必要です";
    REGISTRATION_CLOSED "200005" 403 7 "Registration is closed" "新規登録は受け付けていません";
    INVITATION_REFUSED "200006" 403 7 "The invitation code is not good" "招待コードが無効です";
    // Input: 30
    INVALID_INPUT "300001" 422 3 "The input is not valid" "入力データが不正です";
    REQUEST_REFUSED "300001" 400 9 "The request does not fit the data it refers to" "リクエスト内容が対象データと一致しません";
    RANGE_REVERSED "300001" 400 3 "The range ends before it begins" "範囲の開始が終了より後です";
    OPERATION_NOT_ALLOWED "300004" 400 9 "The operation is not allowed in this state" "この状態では操作できません";
    // Cart: 401 to 404
    CART_NOT_CREATED "401001" 400 9 "The cart could not be created" "カートを作成できませんでした";
    CART_NOT_FOUND "401002" 404 5 "The cart was not found" "カートが見つかりません";
    CART_NOT_SAVED "401003" 500 13 "The cart could not be saved" "カートを保存できませんでした";
    ITEM_NOT_FOUND "402001" 404 5 "The item was not found" "商品が見つかりません";
    ITEM_DELETED "402001" 404 5 "The item was deleted and can be restored" "削除済みの商品です。復元できます";
    DISCOUNT_EXCEEDS_LINE "402002" 400 9 "The discount exceeds the line amount" "値引額が商品金額を超えています";
    DISCOUNT_EXCEEDS_BALANCE "402003" 400 9 "The discount exceeds the balance" "値引額が残高を超えています";
    DISCOUNT_NOT_ALLOCATED "402004" 400 9 "The discount could not be spread over the lines" "値引額を按分できませんでした";
    DISCOUNT_FORBIDDEN "402005" 400 9 "The item may not be discounted" "値引できない商品です";
    LINE_CANCELLED "402006" 400 9 "The line was cancelled" "取消済みの明細は変更できません";
    NOTHING_SOLD "402007" 400 9 "Every line was cancelled" "有効な明細がありません";
    BALANCE_ZERO "403001" 406 9 "The balance is already zero" "残高はすでにゼロです";
    BALANCE_REMAINS "403002" 406 9 "A balance remains to be paid" "残高が残っています";
    BALANCE_NEGATIVE "403003" 406 9 "The balance would become negative" "残高がマイナスになります";
    DEPOSIT_EXCEEDS_BALANCE "403004" 406 9 "The tendered amount exceeds the balance" "預り金額が残高を超えています";
    ALREADY_VOIDED "403005" 400 9 "The transaction is already voided" "取引はすでに取消済みです";
    ALREADY_REFUNDED "403006" 400 9 "The transaction is already refunded" "取引はすでに返品済みです";
    PAYMENT_METHOD_UNKNOWN "403007" 400 9 "The payment method is not available" "使用できない支払方法です";
    SESSION_OVER "403008" 400 9 "The session of the transaction is over" "取引の営業はすでに終了しています";
    REFUND_FORBIDDEN "403009" 400 9 "The payment method takes no refund" "返金できない支払方法です";
    CART_TERMINAL_STATE "404001" 400 9 "The terminal is not open" "端末が開設されていません";
    CART_SIGN_IN_REQUIRED "404002" 400 9 "No staff member is signed in" "担当者がサインインしていません";
    CART_NEIGHBOUR_FAILED "404003" 503 14 "Another service did not answer" "外部サービスが応答しません";
    CART_INTERNAL "404004" 500 13 "The cart service failed" "カートサービスで処理に失敗しました";
    // Master data: 405
    MASTER_NEIGHBOUR_FAILED "405001" 503 14 "Another service did not answer" "外部サービスが応答しません";
    // Terminal: 406 and 407
    TERMINAL_NOT_FOUND "406001" 404 5 "The terminal was not found" "端末が見つかりません";
    TERMINAL_EXISTS "406002" 400 6 "The terminal exists already" "端末はすでに存在します";
    TERMINAL_STATE "406003" 400 9 "The terminal's state does not allow this" "端末の状態が不正です";
    STAFF_NOT_USABLE "406004" 401 16 "The staff member cannot sign in" "担当者を登録できません";
    SIGN_IN_REQUIRED "406005" 401 16 "Sign-in is required" "サインインが必要です";
    OPEN_FAILED "406007" 400 10 "The terminal could not be opened" "開設に失敗しました";
    CLOSE_FAILED "406008" 400 10 "The terminal could not be closed" "精算に失敗しました";
    NOT_SIGNED_IN "406013" 401 16 "Nobody is signed in" "サインインしていません";
    ALREADY_SIGNED_IN "406014" 400 9 "Somebody is already signed in" "すでにサインインしています";
    CASH_FAILED "406101" 400 10 "The cash movement could not be recorded" "入出金に失敗しました";
    CASH_AMOUNT_INVALID "406102" 400 3 "The cash amount is not valid" "金額が不正です";
    CASH_OUT_OVER_DRAWER "406103" 400 9 "The drawer does not hold that much cash" "ドロア内の現金が不足しています";
    TENANT_NOT_FOUND "407001" 404 5 "The tenant was not found" "テナントが見つかりません";
    TENANT_EXISTS "407002" 400 6 "The tenant exists already" "テナントはすでに存在します";
    TENANT_NOT_UPDATED "407003" 400 10 "The tenant could not be updated" "テナントを更新できませんでした";
    TENANT_NOT_DELETED "407004" 400 10 "The tenant could not be deleted" "テナントを削除できませんでした";
    TENANT_NOT_CREATED "407006" 400 10 "The tenant could not be created" "テナントを作成できませんでした";
    STORE_NOT_FOUND "407101" 404 5 "The store was not found" "店舗が見つかりません";
    STORE_EXISTS "407102" 400 6 "The store exists already" "店舗はすでに存在します";
    BUSINESS_DATE_INVALID "407106" 400 3 "The business date is not valid" "営業日が不正です";
    STORE_CURRENCY_FIXED "407107" 400 9 "The store's currency cannot change now" "店舗の通貨は変更できません";
    TERMINAL_NEIGHBOUR_FAILED "407201" 502 14 "Another service did not answer" "外部サービスとの連携に失敗しました";
    TERMINAL_INTERNAL "407301" 500 13 "The terminal service failed" "端末サービスで処理に失敗しました";
    // Journal: 410 and 411
    JOURNAL_NOT_FOUND "410001" 404 5 "The journal entry was not found" "ジャーナルが見つかりません";
    JOURNAL_INVALID "410002" 400 3 "The journal entry is not valid" "ジャーナルが不正です";
    JOURNAL_NOT_CREATED "410003" 500 13 "The journal entry could not be stored" "ジャーナルを作成できませんでした";
    JOURNAL_SEARCH_FAILED "410004" 500 13 "The journal could not be searched" "ジャーナルの検索に失敗しました";
    JOURNAL_DATE_INVALID "410006" 400 3 "The date is not valid" "日付が不正です";
    // Report: 412 and 413
    REPORT_TYPE_UNKNOWN "412001" 404 5 "There is no such report" "レポートが見つかりません";
    REPORT_INVALID "412002" 400 3 "The report request is not valid" "レポートの条件が不正です";
    REPORT_NOT_GENERATED "412003" 500 13 "The report could not be made" "レポートを生成できませんでした";
    REPORT_RANGE_REVERSED "412003" 400 3 "The range ends before it begins" "範囲の開始が終了より後です";
    REPORT_SCOPE_INVALID "412005" 400 3 "The report scope is not valid" "レポートのスコープが不正です";
    REPORT_DATE_INVALID "412006" 400 3 "The report date is not valid" "レポートの日付が不正です";
    TERMINAL_NOT_CLOSED "412101" 403 9 "A terminal is not closed yet" "精算が完了していない端末があります";
    SESSION_SETTLES "412102" 409 9 "The session settles and needs no remark" "このセッションは精算できるため、注記は不要です";
    REPORT_VERIFICATION_FAILED "412107" 400 9 "The logs do not add up" "ログの検証に失敗しました";
    REPORT_NEIGHBOUR_FAILED "413006" 503 14 "Another service did not answer" "外部サービスが応答しません";
    // Stock: 414 and 415
    STOCK_NOT_FOUND "414001" 404 5 "The stock item was not found" "在庫が見つかりません";
    STOCK_INVALID "414003" 400 3 "The stock request is not valid" "在庫データが不正です";
    STOCK_UPDATE_FAILED "414101" 500 13 "The stock could not be updated" "在庫を更新できませんでした";
    STOCK_UPDATE_INVALID "414102" 400 3 "The stock update is not valid" "在庫更新の内容が不正です";
    STOCK_CONFLICT "414103" 409 10 "The stock was changed at the same time" "在庫の更新が競合しました";
    SNAPSHOT_NOT_FOUND "414202" 404 5 "The snapshot was not found" "スナップショットが見つかりません";
    SNAPSHOT_INVALID "414203" 400 3 "The snapshot request is not valid" "スナップショットの条件が不正です";
    STOCK_NEIGHBOUR_FAILED "414301" 503 14 "Another service did not answer" "外部サービスが応答しません";
    // Storage: 50
    DATABASE_FAILED "500001" 503 14 "The database failed" "データベースでエラーが発生しました";
    CREATE_FAILED "500002" 400 10 "The data could not be created" "データを作成できませんでした";
    DELETE_FAILED "500004" 400 10 "The data could not be deleted" "データを削除できませんでした";
    DUPLICATE_KEY "500005" 400 6 "The key exists already" "キーが重複しています";
    DUPLICATE_DELETED "500005" 400 6 "The key is that of deleted data, which can be restored" "削除済みデータのキーです。復元できます";
    UPDATE_REFUSED "500006" 400 10 "The data was changed at the same time" "データが同時に更新されました";
    CHILDREN_EXIST "500008" 400 9 "Other data still refers to it" "関連データが存在するため削除できません";
    STORAGE_FULL "500009" 503 14 "The disk is full or cannot be written" "ディスクの空き容量が不足しているか、書き込めません";
    DATABASE_UNUSABLE "500010" 500 15 "The database is lost or damaged and must be restored" "データベースが失われたか破損しています。復旧が必要です";
    // External: 60
    NEIGHBOUR_FAILED "600001" 502 14 "Another service failed" "外部サービスでエラーが発生しました";
    // System: 90
    SYSTEM_FAILURE "900001" 500 13 "The system failed" "システムエラーが発生しました";
    UNEXPECTED "900999" 500 13 "Something unexpected happened" "予期しないエラーが発生しました";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reasons_are_unique_and_codes_have_six_digits() {
        let mut reasons: Vec<_> = ALL.iter().map(|spec| spec.reason).collect();
        reasons.sort_unstable();
        reasons.dedup();
        assert_eq!(reasons.len(), ALL.len());
        for spec in ALL {
            assert!(
                spec.code.len() == 6 && spec.code.bytes().all(|byte| byte.is_ascii_digit()),
                "{}",
                spec.reason
            );
            assert!(
                (400..600).contains(&spec.http) && (1..=16).contains(&spec.grpc),
                "{}",
                spec.reason
            );
        }
    }

    #[test]
    fn the_table_is_public() {
        let table: Vec<_> = ALL
            .iter()
            .map(|spec| format!("{} {} {} {}", spec.code, spec.http, spec.grpc, spec.reason))
            .collect();
        insta::assert_snapshot!(table.join("\n"));
    }
}
