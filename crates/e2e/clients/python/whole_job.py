"""The whole job with Microsoft's SDK for Python, from token to delta.

Standard input: {"url", "ca", "tenants": [{"id", "domain", "clientId", "clientSecret"}, …]}: a server
with a certificate of its own, the file that vouches for it, and two tenants without an organization.
Ends with 0 and a line "done" if everything was as a user of the SDK may expect.
"""

import asyncio
import datetime
import json
import ssl
import sys
import time

import httpx
from azure.identity.aio import CertificateCredential, ClientSecretCredential
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from kiota_abstractions.api_error import APIError
from kiota_abstractions.base_request_configuration import RequestConfiguration
from kiota_abstractions.headers_collection import HeadersCollection
from kiota_abstractions.method import Method
from kiota_abstractions.request_information import RequestInformation
from kiota_authentication_azure.azure_identity_authentication_provider import (
    AzureIdentityAuthenticationProvider,
)
from msgraph import GraphRequestAdapter, GraphServiceClient
from msgraph.generated.applications.applications_request_builder import ApplicationsRequestBuilder
from msgraph.generated.groups.item.group_item_request_builder import GroupItemRequestBuilder
from msgraph.generated.models.application import Application
from msgraph.generated.models.group import Group
from msgraph.generated.models.key_credential import KeyCredential
from msgraph.generated.models.multi_tenant_organization import MultiTenantOrganization
from msgraph.generated.models.multi_tenant_organization_identity_sync_policy_template import (
    MultiTenantOrganizationIdentitySyncPolicyTemplate,
)
from msgraph.generated.models.cross_tenant_user_sync_inbound import CrossTenantUserSyncInbound
from msgraph.generated.models.inbound_outbound_policy_configuration import (
    InboundOutboundPolicyConfiguration,
)
from msgraph.generated.models.multi_tenant_organization_join_request_record import (
    MultiTenantOrganizationJoinRequestRecord,
)
from msgraph.generated.models.multi_tenant_organization_member import MultiTenantOrganizationMember
from msgraph.generated.models.multi_tenant_organization_member_state import (
    MultiTenantOrganizationMemberState,
)
from msgraph.generated.models.multi_tenant_organization_partner_configuration_template import (
    MultiTenantOrganizationPartnerConfigurationTemplate,
)
from msgraph.generated.models.o_data_errors.o_data_error import ODataError
from msgraph.generated.models.password_profile import PasswordProfile
from msgraph.generated.models.reference_create import ReferenceCreate
from msgraph.generated.models.reference_update import ReferenceUpdate
from msgraph.generated.models.user import User
from msgraph.generated.models.user_collection_response import UserCollectionResponse
from msgraph.generated.users.count.count_request_builder import CountRequestBuilder
from msgraph.generated.users.delta.delta_request_builder import DeltaRequestBuilder
from msgraph.generated.users.item.user_item_request_builder import UserItemRequestBuilder
from msgraph.generated.users.users_request_builder import UsersRequestBuilder
from msgraph_core import GraphClientFactory
from msgraph_core.requests.batch_request_content import BatchRequestContent
from msgraph_core.requests.batch_request_item import BatchRequestItem
from msgraph_core.tasks.page_iterator import PageIterator

SCOPES = ["https://graph.microsoft.com/.default"]
PEOPLE = 25
PATIENCE_SECONDS = 30

GIVEN = json.load(sys.stdin)
URL, CA = GIVEN["url"], GIVEN["ca"]


class Tenant:
    """A tenant, as the application that may do everything in it."""

    def __init__(self, given, credential=None):
        self.id, self.domain, self.client_id = given["id"], given["domain"], given["clientId"]
        self.credential = credential or ClientSecretCredential(
            self.id,
            self.client_id,
            given["clientSecret"],
            authority=URL,
            disable_instance_discovery=True,
            connection_verify=CA,
        )
        self.http = GraphClientFactory.create_with_default_middleware(
            client=httpx.AsyncClient(
                base_url=f"{URL}/v1.0", verify=ssl.create_default_context(cafile=CA), trust_env=False
            )
        )
        provider = AzureIdentityAuthenticationProvider(self.credential, scopes=SCOPES)
        self.adapter = GraphRequestAdapter(provider, self.http)
        self.adapter.base_url = f"{URL}/v1.0"
        self.graph = GraphServiceClient(request_adapter=self.adapter)

    async def close(self):
        await self.http.aclose()
        await self.credential.close()


def advanced(parameters):
    """A request of advanced queries."""
    headers = HeadersCollection()
    headers.add("ConsistencyLevel", "eventual")
    return RequestConfiguration(query_parameters=parameters, headers=headers)


async def refused(what, status, code):
    """Awaits a call that has to be refused."""
    try:
        await what
    except ODataError as error:
        assert error.response_status_code == status, error
        assert error.error.code == code, error
        assert error.error.inner_error.request_id, "the request's id"
        return
    raise AssertionError(f"not refused with {status} {code}")


async def eventually(what, look):
    """Looks until something true is seen."""
    end = time.monotonic() + PATIENCE_SECONDS
    while not (seen := await look()):
        assert time.monotonic() < end, f"{what}: not within {PATIENCE_SECONDS} s"
        await asyncio.sleep(0.05)
    return seen


def person(tenant, number):
    return User(
        account_enabled=True,
        display_name=f"Person {number:02}",
        given_name="Ann" if number % 2 else "Bob",
        department="Sales" if number < 5 else "Kitchen",
        mail_nickname=f"person{number:02}",
        user_principal_name=f"person{number:02}@{tenant.domain}",
        password_profile=PasswordProfile(password="Correct-horse-7-battery"),
    )


async def certificate(tenant):
    """Registers a certificate and comes back with a token that it got."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "automation")])
    now = datetime.datetime.now(datetime.timezone.utc)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(minutes=5))
        .not_valid_after(now + datetime.timedelta(days=30))
        .sign(key, hashes.SHA256())
    )
    found = await tenant.graph.applications.get(
        RequestConfiguration(
            query_parameters=ApplicationsRequestBuilder.ApplicationsRequestBuilderGetQueryParameters(
                filter=f"appId eq '{tenant.client_id}'"
            )
        )
    )
    await tenant.graph.applications.by_application_id(found.value[0].id).patch(
        Application(
            key_credentials=[
                KeyCredential(
                    type="AsymmetricX509Cert",
                    usage="Verify",
                    display_name="automation",
                    key=made.public_bytes(serialization.Encoding.DER),
                )
            ]
        )
    )
    pem = made.public_bytes(serialization.Encoding.PEM) + key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    given = {"id": tenant.id, "domain": tenant.domain, "clientId": tenant.client_id}
    by_certificate = Tenant(
        given,
        CertificateCredential(
            tenant.id,
            tenant.client_id,
            certificate_data=pem,
            authority=URL,
            disable_instance_discovery=True,
            connection_verify=CA,
        ),
    )
    organization = await by_certificate.graph.organization.get()
    assert organization.value[0].id == tenant.id
    return by_certificate


async def users(tenant):
    """Creates people, and reads them in every way that there is. Returns their ids by number."""
    graph, ids = tenant.graph, []
    for number in range(PEOPLE):
        made = await graph.users.post(person(tenant, number))
        assert made.display_name == f"Person {number:02}"
        ids.append(made.id)
    await refused(graph.users.post(person(tenant, 0)), 400, "Request_BadRequest")
    await refused(
        graph.users.by_user_id(tenant.id).get(), 404, "Request_ResourceNotFound"
    )

    await graph.users.by_user_id(ids[0]).patch(User(job_title="Cook", business_phones=["+49 1"]))
    selected = UserItemRequestBuilder.UserItemRequestBuilderGetQueryParameters(
        select=["id", "jobTitle", "businessPhones", "createdDateTime"]
    )
    read = await graph.users.by_user_id(f"person00@{tenant.domain}").get(
        RequestConfiguration(query_parameters=selected)
    )
    assert (read.id, read.job_title, read.business_phones) == (ids[0], "Cook", ["+49 1"])
    assert read.created_date_time.tzinfo is not None

    Query = UsersRequestBuilder.UsersRequestBuilderGetQueryParameters
    first = await graph.users.get(RequestConfiguration(query_parameters=Query(top=10)))
    assert len(first.value) == 10 and first.odata_next_link
    seen = []
    await PageIterator(first, tenant.adapter).iterate(lambda user: seen.append(user.id) or True)
    assert set(ids) <= set(seen) and len(seen) == len(set(seen)), len(seen)

    page = await graph.users.get(
        RequestConfiguration(query_parameters=Query(filter="department eq 'Sales'"))
    )
    assert {user.id for user in page.value} == set(ids[:5])
    page = await graph.users.get(
        advanced(
            Query(
                filter="endsWith(userPrincipalName,'%s') and department ne 'Sales'" % tenant.domain,
                orderby=["displayName desc"],
                select=["id", "displayName"],
                count=True,
                top=3,
            )
        )
    )
    assert page.odata_count >= PEOPLE - 5
    assert page.value[0].display_name == f"Person {PEOPLE - 1:02}"
    page = await graph.users.get(advanced(Query(search='"displayName:person 07"', count=True)))
    assert [user.id for user in page.value] == [ids[7]]
    count = await graph.users.count.get(
        advanced(
            CountRequestBuilder.CountRequestBuilderGetQueryParameters(
                filter="department eq 'Kitchen'"
            )
        )
    )
    assert count == PEOPLE - 5, count

    await graph.users.by_user_id(ids[1]).manager.ref.put(
        ReferenceUpdate(odata_id=f"{URL}/v1.0/users/{ids[0]}")
    )
    expanded = await graph.users.by_user_id(ids[1]).get(
        RequestConfiguration(
            query_parameters=UserItemRequestBuilder.UserItemRequestBuilderGetQueryParameters(
                expand=["manager"]
            )
        )
    )
    assert isinstance(expanded.manager, User) and expanded.manager.id == ids[0]
    reports = await graph.users.by_user_id(ids[0]).direct_reports.get()
    assert [report.id for report in reports.value] == [ids[1]]
    return ids


async def groups(tenant, ids):
    """Makes a group of people and groups."""
    graph = tenant.graph
    kitchen = await graph.groups.post(
        Group(
            display_name="Kitchen",
            mail_enabled=False,
            mail_nickname="kitchen",
            security_enabled=True,
            additional_data={
                "members@odata.bind": [f"{URL}/v1.0/directoryObjects/{ids[0]}"],
                "owners@odata.bind": [f"{URL}/v1.0/users/{ids[1]}"],
            },
        )
    )
    for member in ids[1:3]:
        await graph.groups.by_group_id(kitchen.id).members.ref.post(
            ReferenceCreate(odata_id=f"{URL}/v1.0/directoryObjects/{member}")
        )
    members = await graph.groups.by_group_id(kitchen.id).members.get()
    assert {member.id for member in members.value} == set(ids[:3])
    assert all(isinstance(member, User) for member in members.value), "their type is told"
    people = await graph.groups.by_group_id(kitchen.id).members.graph_user.get()
    assert len(people.value) == 3
    owners = await graph.groups.by_group_id(kitchen.id).owners.get()
    assert [owner.id for owner in owners.value] == [ids[1]]
    member_of = await graph.users.by_user_id(ids[2]).member_of.get()
    assert [group.id for group in member_of.value] == [kitchen.id]
    await graph.groups.by_group_id(kitchen.id).members.by_directory_object_id(ids[2]).ref.delete()
    expanded = await graph.groups.by_group_id(kitchen.id).get(
        RequestConfiguration(
            query_parameters=GroupItemRequestBuilder.GroupItemRequestBuilderGetQueryParameters(
                expand=["members"]
            )
        )
    )
    assert {member.id for member in expanded.members} == set(ids[:2])
    found = await graph.groups.delta.get()
    assert kitchen.id in {group.id for group in found.value} or found.odata_next_link


async def changes(tenant, link=None):
    """Follows the delta of the users to its end: what it tells, and the link for the next time."""
    if link is None:
        parameters = DeltaRequestBuilder.DeltaRequestBuilderGetQueryParameters(
            select=["id", "displayName", "userType"]
        )
        page = await tenant.graph.users.delta.get(RequestConfiguration(query_parameters=parameters))
    else:
        page = await tenant.graph.users.delta.with_url(link).get()
    told = list(page.value)
    while page.odata_next_link:
        page = await tenant.graph.users.delta.with_url(page.odata_next_link).get()
        told += page.value
    assert page.odata_delta_link
    return told, page.odata_delta_link


async def delta(tenant, ids):
    told, link = await changes(tenant)
    assert set(ids) <= {user.id for user in told}
    told, link = await changes(tenant, link)
    assert told == [], told
    await tenant.graph.users.by_user_id(ids[3]).patch(User(display_name="Person Three"))
    await tenant.graph.users.by_user_id(ids[4]).delete()
    told, link = await changes(tenant, link)
    by_id = {user.id: user for user in told}
    assert set(by_id) == {ids[3], ids[4]}
    assert by_id[ids[3]].display_name == "Person Three"
    assert by_id[ids[4]].additional_data["@removed"]["reason"] == "changed"
    await tenant.graph.directory.deleted_items.by_directory_object_id(ids[4]).restore.post()
    told, _ = await changes(tenant, link)
    assert [user.id for user in told] == [ids[4]]
    return link


async def batch(tenant, ids):
    """A batch whose second part waits for the first. This version of the SDK keeps no body that is
    an object (its reader of bytes takes texts only), so the effect is looked for."""
    graph = tenant.graph
    rename = graph.users.by_user_id(ids[5]).to_patch_request_information(User(city="Bern"))
    read = graph.users.by_user_id(ids[5]).to_get_request_information()
    missing = graph.users.by_user_id(tenant.id).to_get_request_information()
    first = BatchRequestItem(rename, id="1")
    content = BatchRequestContent()
    content.add_request("1", first)
    content.add_request("2", BatchRequestItem(read, id="2", depends_on=[first]))
    content.add_request("3", BatchRequestItem(missing, id="3"))
    answers = await graph.batch.post(content)
    assert answers.get_response_status_codes() == {"1": 204, "2": 200, "3": 404}
    assert answers.get_response_by_id("2").content_type.startswith("application/json")
    found = await graph.users.get(
        RequestConfiguration(
            query_parameters=UsersRequestBuilder.UsersRequestBuilderGetQueryParameters(
                filter="city eq 'Bern'"
            )
        )
    )
    assert [user.id for user in found.value] == [ids[5]]


async def organize(owner, joining):
    """The owner founds an organization and adds the other, who joins. Both open themselves before."""
    for tenant in (owner, joining):
        templates = tenant.graph.policies.cross_tenant_access_policy.templates
        consent = InboundOutboundPolicyConfiguration(inbound_allowed=True, outbound_allowed=True)
        await templates.multi_tenant_organization_partner_configuration.patch(
            MultiTenantOrganizationPartnerConfigurationTemplate(
                automatic_user_consent_settings=consent
            )
        )
        await templates.multi_tenant_organization_identity_synchronization.patch(
            MultiTenantOrganizationIdentitySyncPolicyTemplate(
                user_sync_inbound=CrossTenantUserSyncInbound(is_sync_allowed=True)
            )
        )
    organization = owner.graph.tenant_relationships.multi_tenant_organization
    # The SDK has no method for PUT, which is what creates.
    put = organization.to_patch_request_information(
        MultiTenantOrganization(display_name="Round table")
    )
    put.http_method = Method.PUT
    made = await owner.adapter.send_async(put, MultiTenantOrganization, {"XXX": ODataError})
    assert made.display_name == "Round table"
    added = await organization.tenants.post(
        MultiTenantOrganizationMember(tenant_id=joining.id, display_name="Fabrikam")
    )
    assert added.state == MultiTenantOrganizationMemberState.Pending
    theirs = joining.graph.tenant_relationships.multi_tenant_organization
    await theirs.join_request.patch(
        MultiTenantOrganizationJoinRequestRecord(added_by_tenant_id=owner.id)
    )

    for side in (owner, joining):

        async def is_active():
            try:
                members = side.graph.tenant_relationships.multi_tenant_organization.tenants
                listed = (await members.get()).value
            except ODataError:
                return False
            states = {member.tenant_id: member.state for member in listed}
            return states.get(joining.id) == MultiTenantOrganizationMemberState.Active

        await eventually("both see the member active", is_active)
    await refused(
        organization.tenants.by_multi_tenant_organization_member_id(
            "5f1e9a3c-7d2b-4e60-8a41-c0ffee000001"
        ).get(),
        404,
        "Directory_ObjectNotFound",
    )


async def share(source, target, ids):
    """The source shares everybody; they are members of the target, and its delta tells."""
    _, link = await changes(target)
    request = RequestInformation()
    request.http_method = Method.PUT
    request.url = f"{URL}/beta/isopolity/userSharing/default"
    request.headers.add("Content-Type", "application/json")
    request.set_stream_content(b'{"scope":"all","users":[],"groups":[]}', "application/json")
    await source.adapter.send_no_response_content_async(request, {"XXX": ODataError})

    async def have_come():
        page = await target.graph.users.get(
            advanced(
                UsersRequestBuilder.UsersRequestBuilderGetQueryParameters(
                    filter="userType eq 'Member' and startsWith(displayName,'Person')",
                    select=["id", "displayName", "userPrincipalName", "userType", "creationType"],
                    count=True,
                    top=999,
                )
            )
        )
        return page.value if len(page.value) == len(ids) else None

    external = await eventually("everybody is in the other tenant", have_come)
    assert all("#EXT#@" in user.user_principal_name for user in external)
    assert all(user.creation_type == "Invitation" for user in external)
    told, link = await changes(target, link)
    assert {user.id for user in external} <= {user.id for user in told}

    await source.graph.users.by_user_id(ids[6]).patch(User(display_name="Person Renamed"))

    async def is_told():
        nonlocal link
        told, link = await changes(target, link)
        return [user for user in told if user.display_name == "Person Renamed"]

    renamed = await eventually("the change is told in the other tenant", is_told)
    there = await target.graph.users.by_user_id(renamed[0].id).get()
    assert there.display_name == "Person Renamed"
    return link


async def main():
    contoso, fabrikam = (Tenant(given) for given in GIVEN["tenants"])
    wrong = Tenant({**GIVEN["tenants"][0], "clientSecret": "wrong"})
    try:
        await wrong.graph.users.get()
    except Exception as error:  # azure-identity's own
        assert "AADSTS7000215" in str(error), error
    else:
        raise AssertionError("a wrong secret opens")
    by_certificate = await certificate(contoso)
    ids = await users(by_certificate)
    await groups(contoso, ids)
    own_link = await delta(contoso, ids)
    await batch(contoso, ids)
    await organize(contoso, fabrikam)
    await share(contoso, fabrikam, ids)
    # A link is its tenant's own.
    try:
        await changes(fabrikam, own_link)
    except APIError as error:
        assert error.response_status_code in (400, 410), error
    else:
        raise AssertionError("another tenant's delta link opens")
    for tenant in (wrong, by_certificate, contoso, fabrikam):
        await tenant.close()
    print("done")


asyncio.run(main())
