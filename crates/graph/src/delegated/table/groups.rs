//! Groups, their members and owners, photos, memberships and app roles.

use super::{Row, Texts, delete, get, patch, post, put};

const LIST: Texts = &[
    "Directory.Read.All",
    "Directory.ReadWrite.All",
    "Group-NestingSupport.ReadWrite.All",
    "Group-PreferredDataLocation.ReadWrite.All",
    "Group.ManageProtection.All",
    "Group.Read.All",
    "Group.ReadBasic.All",
    "Group.ReadWrite.All",
    "GroupMember.Read.All",
];
const DELTA: Texts = &[
    "Directory.Read.All",
    "Directory.ReadWrite.All",
    "Group-NestingSupport.ReadWrite.All",
    "Group.Read.All",
    "Group.ReadBasic.All",
    "Group.ReadWrite.All",
    "GroupMember.Read.All",
];
const CREATE: Texts = &[
    "Directory.ReadWrite.All",
    "Group-PreferredDataLocation.ReadWrite.All",
    "Group.ReadWrite.All",
];
const UPDATE: Texts = &[
    "Directory.ReadWrite.All",
    "Group-NestingSupport.ReadWrite.All",
    "Group-PreferredDataLocation.ReadWrite.All",
    "Group.ManageProtection.All",
    "Group.ReadWrite.All",
];
const MEMBERS: Texts = &[
    "Directory.Read.All",
    "Group.Read.All",
    "Group.ReadBasic.All",
    "Group.ReadWrite.All",
    "GroupMember.Read.All",
    "GroupMember.ReadBasic.All",
    "GroupMember.ReadWrite.All",
];
const OWNERS: Texts = &[
    "Directory.Read.All",
    "Group.Read.All",
    "Group.ReadWrite.All",
    "GroupMember.Read.All",
    "GroupMember.ReadWrite.All",
];
const MEMBER_OF: Texts = &[
    "Directory.Read.All",
    "Directory.ReadWrite.All",
    "Group.Read.All",
    "Group.ReadBasic.All",
    "GroupMember.Read.All",
    "GroupMember.ReadBasic.All",
];
const CHANGE_MEMBERS: Texts = &[
    "Directory.ReadWrite.All",
    "Group.ReadWrite.All",
    "GroupMember.ReadWrite.All",
];
const CHANGE_OWNERS: Texts = &["Directory.ReadWrite.All", "Group.ReadWrite.All"];
const PHOTO_READ: Texts = &[
    "Group.Read.All",
    "Group.ReadWrite.All",
    "ProfilePhoto.Read.All",
    "ProfilePhoto.ReadWrite.All",
];
const PHOTO_WRITE: Texts = &["Group.ReadWrite.All", "ProfilePhoto.ReadWrite.All"];
const MEMBERSHIPS: Texts = &[
    "Directory.Read.All",
    "Directory.ReadWrite.All",
    "Group.Read.All",
    "Group.ReadBasic.All",
    "Group.ReadWrite.All",
    "GroupMember.Read.All",
    "GroupMember.ReadBasic.All",
];
const ASSIGNMENTS_READ: Texts = &["AppRoleAssignment.ReadWrite.All", "Directory.Read.All"];
const ASSIGNMENTS_WRITE: Texts = &["AppRoleAssignment.ReadWrite.All"];

const STANDARD: Texts = &["groups/standard/read"];
const ONE: Texts = &["groups/standard/read", "groups/standard/limitedRead"];
const BASIC_UPDATE: Texts = &["groups/basic/update"];
const MEMBERS_READ: Texts = &["groups/members/read", "groups/members/limitedRead"];
const MEMBERS_UPDATE: Texts = &["groups/members/update"];
const OWNERS_READ: Texts = &["groups/owners/read", "groups/owners/limitedRead"];
const OWNERS_UPDATE: Texts = &["groups/owners/update"];
const MEMBER_OF_READ: Texts = &["groups/memberOf/read", "groups/memberOf/limitedRead"];
const ASSIGNED: Texts = &["groups/appRoleAssignments/read"];
const ASSIGN: Texts = &["servicePrincipals/appRoleAssignedTo/update"];

pub(super) static ROWS: &[Row] = &[
    get("/groups", LIST, STANDARD),
    get("/groups/delta()", DELTA, STANDARD),
    post(
        "/groups",
        CREATE,
        &["groups/create", "groups/createAsOwner"],
    ),
    get("/groups/{id}", LIST, ONE),
    patch("/groups/{id}", UPDATE, BASIC_UPDATE),
    delete("/groups/{id}", &["Group.ReadWrite.All"], &["groups/delete"]),
    get("/groups/{id}/members", MEMBERS, MEMBERS_READ),
    get("/groups/{id}/members/$ref", MEMBERS, MEMBERS_READ),
    get(
        "/groups/{id}/members/{memberId}/$ref",
        MEMBERS,
        MEMBERS_READ,
    ),
    post("/groups/{id}/members/$ref", CHANGE_MEMBERS, MEMBERS_UPDATE),
    delete(
        "/groups/{id}/members/{memberId}/$ref",
        CHANGE_MEMBERS,
        MEMBERS_UPDATE,
    ),
    get("/groups/{id}/transitiveMembers", MEMBERS, MEMBERS_READ),
    get("/groups/{id}/owners", OWNERS, OWNERS_READ),
    get("/groups/{id}/owners/$ref", OWNERS, OWNERS_READ),
    get("/groups/{id}/owners/{ownerId}/$ref", OWNERS, OWNERS_READ),
    post("/groups/{id}/owners/$ref", CHANGE_OWNERS, OWNERS_UPDATE),
    delete(
        "/groups/{id}/owners/{ownerId}/$ref",
        CHANGE_OWNERS,
        OWNERS_UPDATE,
    ),
    get("/groups/{id}/memberOf", MEMBER_OF, MEMBER_OF_READ),
    get("/groups/{id}/transitiveMemberOf", MEMBER_OF, MEMBER_OF_READ),
    get("/groups/{id}/photo", PHOTO_READ, ONE),
    get("/groups/{id}/photos", PHOTO_READ, ONE),
    get("/groups/{id}/photos/{size}", PHOTO_READ, ONE),
    get("/groups/{id}/photo/$value", PHOTO_READ, ONE),
    get("/groups/{id}/photos/{size}/$value", PHOTO_READ, ONE),
    put("/groups/{id}/photo", PHOTO_WRITE, BASIC_UPDATE),
    patch("/groups/{id}/photo", PHOTO_WRITE, BASIC_UPDATE),
    delete("/groups/{id}/photo", PHOTO_WRITE, BASIC_UPDATE),
    put("/groups/{id}/photo/$value", PHOTO_WRITE, BASIC_UPDATE),
    patch("/groups/{id}/photo/$value", PHOTO_WRITE, BASIC_UPDATE),
    delete("/groups/{id}/photo/$value", PHOTO_WRITE, BASIC_UPDATE),
    post("/groups/{id}/getMemberGroups", MEMBERSHIPS, MEMBER_OF_READ).unowned(),
    post("/groups/{id}/getMemberObjects", MEMBERSHIPS, MEMBER_OF_READ).unowned(),
    post(
        "/groups/{id}/checkMemberGroups",
        MEMBERSHIPS,
        MEMBER_OF_READ,
    )
    .unowned(),
    post(
        "/groups/{id}/checkMemberObjects",
        MEMBERSHIPS,
        MEMBER_OF_READ,
    )
    .unowned(),
    get(
        "/groups/{id}/appRoleAssignments",
        ASSIGNMENTS_READ,
        ASSIGNED,
    ),
    get(
        "/groups/{id}/appRoleAssignments/{assignmentId}",
        ASSIGNMENTS_READ,
        ASSIGNED,
    ),
    post("/groups/{id}/appRoleAssignments", ASSIGNMENTS_WRITE, ASSIGN).unowned(),
    delete(
        "/groups/{id}/appRoleAssignments/{assignmentId}",
        ASSIGNMENTS_WRITE,
        ASSIGN,
    )
    .unowned(),
];
