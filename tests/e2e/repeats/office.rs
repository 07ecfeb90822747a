//! Accounts, tenants, stores and terminals.

use std::path::Path;

use kugel_testkit::Tenant;
use serde_json::{Value, json};

use super::Walk;
use crate::shop::Shop;

/// Registers a tenant, which nobody wished an id for: gives its id.
pub(super) async fn register(walk: &mut Walk) -> String {
    let method = "account.v1.AccountService.RegisterTenant";
    let account = json!({"username": Tenant::ADMINISTRATOR, "password": Tenant::PASSWORD});
    let answer = walk
        .kept(method, account, json!({"password": "another-tree-9"}))
        .await;
    answer["user"]["tenantId"].as_str().unwrap().to_owned()
}

pub(super) async fn users(walk: &mut Walk) {
    let (clerk, other) = (json!({"username": "clerk"}), json!({"username": "other"}));
    let form = json!({
        "username": Tenant::ADMINISTRATOR, "password": Tenant::PASSWORD, "clientId": walk.tenant.id,
    });
    let login = walk.afresh("account.v1.AccountService.IssueToken", form).await;
    let token = json!({"refreshToken": login["refresh_token"]});
    walk.afresh("account.v1.AccountService.RefreshToken", token).await;
    let account = json!({"username": "clerk", "password": "plum-Tree-9"});
    walk.kept("account.v1.AccountService.CreateUser", account, other.clone())
        .await;
    let form = json!({"username": "clerk", "password": "plum-Tree-9", "clientId": walk.tenant.id});
    let login = walk.plain("account.v1.AccountService.IssueToken", form).await;
    let token = json!({"token": login["access_token"]});
    walk.same("account.v1.AccountService.RevokeToken", token).await;
    let change = json!({"username": "clerk", "isActive": false});
    let back = json!({"isActive": true});
    walk.kept("account.v1.AccountService.UpdateUser", change, back)
        .await;
    roles(walk).await;
    service_accounts(walk).await;
    passwords(walk, &clerk, &other).await;
    walk.kept(
        "account.v1.AccountService.LogOutUser",
        clerk.clone(),
        other.clone(),
    )
    .await;
    walk.kept("account.v1.AccountService.DeleteUser", clerk, other)
        .await;
}

async fn roles(walk: &mut Walk) {
    let role = |permission: &str| json!({"role": {"name": "night", "permissions": [permission]}});
    let other = role("sales.return");
    walk.kept(
        "account.v1.RoleService.CreateRole",
        role("sales.sell"),
        other.clone(),
    )
    .await;
    walk.kept("account.v1.RoleService.UpdateRole", role("sales.void"), other)
        .await;
    let given = json!({"username": "clerk", "roles": [{"role": "night"}]});
    walk.plain("account.v1.AccountService.SetUserRoles", given).await;
    let given = json!({"username": "clerk", "roles": [{"role": "cashier"}]});
    let other = json!({"roles": [{"role": "manager"}]});
    walk.kept("account.v1.AccountService.SetUserRoles", given, other)
        .await;
    let gone = json!({"name": "night"});
    walk.kept("account.v1.RoleService.DeleteRole", gone, json!({"name": "day"}))
        .await;
}

/// A key is shown again to who made it, though nobody keeps it.
async fn service_accounts(walk: &mut Walk) {
    let service = |method: &str| format!("account.v1.ServiceAccountService.{method}");
    let account = |role: &str| json!({"serviceAccount": {"name": "erp", "roles": [{"role": role}]}});
    let create = "account.v1.ServiceAccountService.CreateServiceAccount";
    walk.kept(create, account("integrator"), account("cashier")).await;
    let update = "account.v1.ServiceAccountService.UpdateServiceAccount";
    walk.kept(update, account("cashier"), account("manager")).await;
    let (erp, other) = (json!({"name": "erp"}), json!({"name": "other"}));
    let create = "account.v1.ServiceAccountService.CreateServiceAccountKey";
    let made = walk.kept(create, erp.clone(), other.clone()).await;
    let key = made["clientSecret"].as_str().unwrap();
    assert_kept_nowhere(walk.world.folder(), key);
    let listed = walk.plain(&service("ListServiceAccountKeys"), erp.clone()).await;
    assert_eq!(listed["keys"].as_array().unwrap().len(), 1);
    let form = json!({"clientId": made["clientId"], "clientSecret": key});
    let issue = "account.v1.ServiceAccountService.IssueServiceAccountToken";
    walk.afresh(issue, form).await;
    let spare = walk.plain(&service("CreateServiceAccountKey"), erp).await;
    let gone = json!({"name": "erp", "keyId": spare["key"]["keyId"]});
    let delete = "account.v1.ServiceAccountService.DeleteServiceAccountKey";
    walk.kept(delete, gone, json!({"keyId": "other"})).await;
    let brief = json!({"serviceAccount": {"name": "brief"}});
    walk.plain(&service("CreateServiceAccount"), brief).await;
    let delete = "account.v1.ServiceAccountService.DeleteServiceAccount";
    walk.kept(delete, json!({"name": "brief"}), other).await;
}

/// A reset shows the same password again, though nobody keeps it, and a change is made once.
async fn passwords(walk: &mut Walk, clerk: &Value, other: &Value) {
    let on = json!({"username": "clerk", "isActive": true});
    walk.plain("account.v1.AccountService.UpdateUser", on).await;
    let owner = json!({"username": Tenant::ADMINISTRATOR});
    walk.kept("account.v1.AccountService.UnlockUser", owner, clerk.clone())
        .await;
    let reset = "account.v1.AccountService.ResetPassword";
    let reset = walk.kept(reset, clerk.clone(), other.clone()).await;
    let temporary = reset["temporaryPassword"].as_str().unwrap();
    assert_kept_nowhere(walk.world.folder(), temporary);
    let change = json!({
        "tenantId": walk.tenant.id, "username": "clerk",
        "currentPassword": temporary, "newPassword": "pear-Tree-10",
    });
    let other = json!({"newPassword": "fig-Tree-11"});
    walk.kept("account.v1.AccountService.ChangePassword", change, other)
        .await;
    let policy = |length: i32| json!({"policy": {"minimumLength": length}});
    walk.kept(
        "account.v1.AccountService.UpdatePasswordPolicy",
        policy(8),
        policy(9),
    )
    .await;
}

pub(super) async fn terminals(walk: &mut Walk) {
    let store = json!({"storeCode": "s2", "storeName": "Plum Yard"});
    let other = json!({"storeName": "Plum Court"});
    walk.kept("terminal.v1.StoreService.CreateStore", store, other.clone())
        .await;
    let store = json!({"storeCode": "s2", "storeName": "Plum Hill", "tags": ["new"]});
    walk.kept("terminal.v1.StoreService.UpdateStore", store, other)
        .await;
    let terminal = json!({"storeCode": "s2", "terminalNo": 1, "description": "left"});
    let other = json!({"description": "right"});
    let made = walk
        .kept(
            "terminal.v1.TerminalService.CreateTerminal",
            terminal,
            other.clone(),
        )
        .await;
    let (id, key) = (&made["terminal"]["terminalId"], &made["terminal"]["apiKey"]);
    let till = json!({"terminalId": id});
    let stranger = json!({"terminalId": walk.till.terminal_id});
    let rotate = "terminal.v1.TerminalService.RotateApiKey";
    let rotated = walk.kept(rotate, till.clone(), stranger.clone()).await["terminal"]["apiKey"].clone();
    assert_ne!(rotated, *key);
    for key in [key, &rotated] {
        assert_kept_nowhere(walk.world.folder(), key.as_str().unwrap());
    }
    let described = json!({"terminalId": id, "description": "middle"});
    walk.kept("terminal.v1.TerminalService.UpdateDescription", described, other)
        .await;
    let mode = json!({"terminalId": id, "functionMode": "Journal"});
    let other = json!({"functionMode": "Reports"});
    walk.kept("terminal.v1.TerminalService.UpdateFunctionMode", mode, other)
        .await;
    session(walk, id, &stranger).await;
    walk.kept("terminal.v1.TerminalService.DeleteTerminal", till, stranger)
        .await;
    let (gone, other) = (json!({"storeCode": "s2"}), json!({"storeCode": "s3"}));
    walk.kept("terminal.v1.StoreService.DeleteStore", gone, other)
        .await;
}

/// A day at a terminal, from sign-in to sign-out.
async fn session(walk: &mut Walk, id: &Value, stranger: &Value) {
    let amount = |text: &str| json!({"value": text});
    let sign_in = json!({"terminalId": id, "staffId": Tenant::CASHIER, "staffPin": Tenant::PIN});
    let other = json!({"staffPin": "0000"});
    walk.kept("terminal.v1.SessionService.SignInTerminal", sign_in, other)
        .await;
    let another = json!({"terminalId": walk.till.terminal_id});
    walk.kept(
        "terminal.v1.SessionService.UnlockTerminal",
        json!({"terminalId": id}),
        another,
    )
    .await;
    let (cashier, nobody) = (json!({"staffId": Tenant::CASHIER}), json!({"staffId": "nobody"}));
    walk.kept("terminal.v1.SessionService.UnlockStaff", cashier, nobody)
        .await;
    let open = json!({"terminalId": id, "initialAmount": amount("1000")});
    let other = json!({"initialAmount": amount("2000")});
    let opened = walk
        .kept("terminal.v1.SessionService.OpenTerminal", open, other)
        .await;
    for (method, value) in [
        ("terminal.v1.SessionService.RecordCashIn", "500"),
        ("terminal.v1.SessionService.RecordCashOut", "200"),
        ("terminal.v1.SessionService.RecordCashInOut", "-100"),
    ] {
        let cash = json!({"terminalId": id, "amount": amount(value)});
        walk.kept(method, cash, json!({"amount": amount("5")})).await;
    }
    let terminal = &opened["terminalInfo"];
    let session = json!({
        "storeCode": terminal["storeCode"], "terminalNo": terminal["terminalNo"],
        "businessDate": opened["businessDate"], "openCounter": opened["openCounter"],
        "businessCounter": opened["businessCounter"],
    });
    walk.same("cart.v1.TransactionService.SealSession", session).await;
    let close = json!({"terminalId": id, "physicalAmount": amount("1200")});
    let other = json!({"physicalAmount": amount("1100")});
    let closed = walk
        .kept("terminal.v1.SessionService.CloseTerminal", close, other)
        .await;
    assert_eq!(
        closed["expectedAmount"],
        amount("1200"),
        "every movement counted once"
    );
    let out = json!({"terminalId": id});
    walk.kept(
        "terminal.v1.SessionService.SignOutTerminal",
        out,
        stranger.clone(),
    )
    .await;
}

/// What is idempotent by nature: preparing a tenant, forgetting copies, exchanging a key.
pub(super) async fn set_ups(walk: &mut Walk) {
    for method in [
        "master_data.v1.TenantSetupService.SetUpTenant",
        "cart.v1.TransactionService.SetUpTenant",
        "report.v1.ReportService.SetUpTenant",
        "journal.v1.JournalService.SetUpTenant",
        "stock.v1.StockService.SetUpTenant",
    ] {
        walk.same(method, json!({})).await;
    }
    walk.afresh("cart.v1.TransactionService.ClearTerminalCache", json!({}))
        .await;
    let till = json!({"terminalId": walk.till.terminal_id});
    walk.afresh("terminal.v1.TerminalService.IssueTerminalToken", till)
        .await;
}

/// A tenant comes and goes.
pub(super) async fn tenant(walk: &mut Walk, newcomer: String, shop: &Shop) {
    let form = format!(
        "username={}&password={}&client_id={newcomer}",
        Tenant::ADMINISTRATOR,
        Tenant::PASSWORD
    );
    let login = walk.world.rest().form("/accounts/token", &form).await;
    walk.tenant.id = newcomer;
    walk.tenant.token = login.body["access_token"].as_str().unwrap().to_owned();
    let other = json!({"tenantName": "Pear Mart"});
    let record = json!({"tenantName": "Peach Mart"});
    walk.kept("terminal.v1.TenantService.CreateTenant", record, other.clone())
        .await;
    let record = json!({"tenantName": "Plum Mart"});
    walk.kept("terminal.v1.TenantService.UpdateTenant", record, other)
        .await;
    walk.kept("terminal.v1.TenantService.DeleteTenant", json!({}), Value::Null)
        .await;
    walk.tenant = shop.tenant.clone();
}

/// No file below the folder holds the text.
fn assert_kept_nowhere(folder: &Path, secret: &str) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            assert_kept_nowhere(&path, secret);
            continue;
        }
        let bytes = std::fs::read(&path).unwrap();
        let found = bytes
            .windows(secret.len())
            .any(|window| window == secret.as_bytes());
        assert!(!found, "{}", path.display());
    }
}
