//! The route table: every address with its requirement, its handler and its description.
//!
//! - A route is registered together with the application permissions that open it; there is no way
//!   to add one without. Only [`Area::public`] makes a route that asks for nothing. What it asks of
//!   signed-in users is in [`crate::delegated`]; nothing opens it to them without.
//! - What there is below `/users/{id}` there is below `/me`, too; and in `beta` some of what is below
//!   `/directory` also without that, as older clients write it ([`plain_beta`]).
//! - A path is found by the hash of its first segment, then by comparing segments; a name is
//!   tried before a key.
//! - Refusals, `/openapi.json`, `docs/permissions.md` and metrics read this same table.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::Arc;

use http::Method;
use types::Error;

use crate::caller::BoxFuture;
use crate::delegated::Requirement;
use crate::errors::Refusal;
use crate::path::{self, Piece, Slot};
use crate::query_options::Allowed;
use crate::reply::Reply;
use crate::request::{Call, PublicCall};

/// The longest name of a first segment.
const FIRST_SEGMENT_MAX: usize = 64;

/// Under which version's root a route stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Versions {
    /// `/v1.0`.
    V1,
    /// `/beta`.
    Beta,
    /// `/v1.0` and `/beta`.
    Both,
    /// The origin itself: OAuth, operations, descriptions.
    Root,
}

/// The version that a request named.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Version {
    /// `/v1.0`.
    V1,
    /// `/beta`.
    Beta,
    /// None: the path stands at the origin.
    Root,
}

impl Version {
    const ALL: [Self; 3] = [Self::V1, Self::Beta, Self::Root];

    /// What a path of this version begins with.
    pub const fn prefix(self) -> &'static str {
        match self {
            Self::V1 => "/v1.0",
            Self::Beta => "/beta",
            Self::Root => "",
        }
    }

    /// Splits a path into its version and the rest.
    pub(crate) fn split(path: &str) -> (Self, &str) {
        for version in [Self::V1, Self::Beta] {
            let prefix = version.prefix();
            let (Some(start), Some(rest)) = (path.get(..prefix.len()), path.get(prefix.len()..))
            else {
                continue;
            };
            if start.eq_ignore_ascii_case(prefix) && (rest.is_empty() || rest.starts_with('/')) {
                return (version, rest);
            }
        }
        (Self::Root, path)
    }
}

impl Versions {
    /// Whether this version is one of these.
    pub const fn include(self, version: Version) -> bool {
        matches!(
            (self, version),
            (Self::V1 | Self::Both, Version::V1)
                | (Self::Beta | Self::Both, Version::Beta)
                | (Self::Root, Version::Root)
        )
    }
    /// The versions, one by one.
    pub fn each(self) -> impl Iterator<Item = Version> {
        Version::ALL
            .into_iter()
            .filter(move |version| self.include(*version))
    }
}

/// The address that Graph has for what `beta` has under an older one, too.
pub(crate) fn plain_beta(path: &str) -> Cow<'_, str> {
    let rest = path.strip_prefix("/administrativeUnits");
    if rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/')) {
        format!("/directory{path}").into()
    } else {
        path.into()
    }
}

/// What opens a route.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Nothing is asked for.
    Public,
    /// A token with any one of the route's permissions.
    Application,
    /// A token with any permission: what it carries are requests, each of which asks for its own.
    Batch,
}

/// Whose form the errors of a route have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum ErrorForm {
    /// Microsoft Graph's.
    #[default]
    Graph,
    /// The token endpoint's (RFC 6749 §5.2).
    OAuth,
    /// A page for a person.
    Page,
}

/// A body that isn't JSON.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Payload {
    /// What it may be.
    pub(crate) media_types: &'static [&'static str],
    /// Its bytes, at most.
    pub(crate) bytes_max: usize,
    /// The name of that limit.
    pub(crate) limit: &'static str,
}

type Answer = BoxFuture<'static, Result<Reply, Refusal>>;

pub(crate) type ApplicationHandler = Arc<dyn Fn(Call) -> Answer + Send + Sync>;

#[derive(Clone)]
pub(crate) enum Handler {
    Public(Arc<dyn Fn(PublicCall) -> Answer + Send + Sync>),
    Application(ApplicationHandler),
}

/// One method of one path.
pub struct Route {
    pub(crate) method: Method,
    pub(crate) path: &'static str,
    pub(crate) versions: Versions,
    pub(crate) permissions: &'static [&'static str],
    pub(crate) summary: &'static str,
    pub(crate) area: &'static str,
    pub(crate) options: Allowed,
    pub(crate) handler: Handler,
    /// What it asks of users; nothing opens it to them without.
    pub(crate) delegated: Option<Requirement>,
    /// Whether its `id` is the signed-in user.
    pub(crate) is_me: bool,
    pub(crate) always: bool,
    batch: bool,
    pub(crate) errors: ErrorForm,
    pub(crate) cors: bool,
    pub(crate) payload: Option<Payload>,
    slots: Vec<Slot>,
}

impl Route {
    /// The query options that it knows; without this, none.
    pub fn query(&mut self, options: Allowed) -> &mut Self {
        self.options = options;
        self
    }

    /// Answered however busy the server is.
    pub(crate) fn always(&mut self) -> &mut Self {
        self.always = true;
        self
    }

    /// It carries other requests.
    pub(crate) fn batch(&mut self) -> &mut Self {
        self.batch = true;
        self
    }

    /// Its body isn't JSON.
    pub(crate) fn payload(&mut self, payload: Payload) -> &mut Self {
        self.payload = Some(payload);
        self
    }

    /// Its errors have this form.
    pub(crate) fn errors(&mut self, form: ErrorForm) -> &mut Self {
        self.errors = form;
        self
    }

    /// Scripts of other sites may call it; whether they may read the answer, the answer says.
    pub(crate) fn cors(&mut self) -> &mut Self {
        self.cors = true;
        self
    }

    /// What opens it.
    pub fn access(&self) -> Access {
        match self.handler {
            Handler::Public(_) => Access::Public,
            Handler::Application(_) if self.batch => Access::Batch,
            Handler::Application(_) => Access::Application,
        }
    }
    /// The method.
    pub const fn method(&self) -> &Method {
        &self.method
    }
    /// The template.
    pub const fn path(&self) -> &'static str {
        self.path
    }
    /// The application permissions, any of which suffices.
    pub const fn permissions(&self) -> &'static [&'static str] {
        self.permissions
    }
    /// The delegated permissions, any of which suffices for a user who may do it.
    pub fn scopes(&self) -> &'static [&'static str] {
        self.delegated.map_or(&[], |asked| asked.row.scopes)
    }
    /// The delegated permissions that suffice for the user's own object.
    pub fn own_scopes(&self) -> &'static [&'static str] {
        self.delegated.map_or(&[], |asked| asked.row.own_scopes)
    }
    /// Both, by name.
    pub fn delegated_permissions(&self) -> impl Iterator<Item = &'static str> {
        let mut all: Vec<&'static str> = [self.scopes(), self.own_scopes()].concat();
        all.sort_unstable();
        all.dedup();
        all.into_iter()
    }
    /// The actions of the directory roles of which the user needs one, without their namespace.
    pub fn actions(&self) -> &'static [&'static str] {
        self.delegated.map_or(&[], |asked| asked.row.actions)
    }

    /// The versions that it is in.
    pub const fn versions(&self) -> Versions {
        self.versions
    }

    /// The same by its older address.
    fn by_older_address(&self) -> Option<Self> {
        let path = self.path.strip_prefix("/directory")?;
        (plain_beta(path) != path).then(|| Self {
            method: self.method.clone(),
            handler: self.handler.clone(),
            path,
            versions: Versions::Beta,
            slots: path::template(path),
            ..*self
        })
    }

    /// The same for the signed-in user; nobody deletes oneself.
    fn of_me(&self) -> Option<Self> {
        let below = self.path.strip_prefix("/users/{id}")?;
        if self.method == Method::DELETE && below.is_empty() {
            return None;
        }
        // Made once for each route of a server.
        let path: &'static str = format!("/me{below}").leak();
        Some(Self {
            method: self.method.clone(),
            path,
            versions: self.versions,
            permissions: &[],
            summary: self.summary,
            area: "me",
            options: self.options,
            handler: self.handler.clone(),
            delegated: None,
            is_me: true,
            always: self.always,
            batch: false,
            errors: self.errors,
            cors: self.cors,
            payload: self.payload,
            slots: path::template(path),
        })
    }

    /// The keys in the template, in order.
    pub(crate) fn key_names(&self) -> impl Iterator<Item = &'static str> {
        self.slots.iter().filter_map(|slot| match slot {
            Slot::Key(key) | Slot::Argument(_, key) => Some(*key),
            _ => None,
        })
    }
}

/// The routes of a deployment, while they are collected.
#[derive(Default)]
pub struct Routes(Vec<Route>);

/// Registers routes of one area under the same versions.
pub struct Area<'r> {
    routes: &'r mut Routes,
    name: &'static str,
    versions: Versions,
}

impl Routes {
    /// No routes yet.
    pub const fn new() -> Self {
        Self(Vec::new())
    }

    /// An area: `users`, `crossTenantAccess`.
    pub const fn area(&mut self, name: &'static str, versions: Versions) -> Area<'_> {
        Area {
            routes: self,
            name,
            versions,
        }
    }
}

macro_rules! methods {
    ($($(#[$doc:meta])* $name:ident = $method:ident;)*) => { $(
        $(#[$doc])*
        pub fn $name<F>(
            &mut self,
            path: &'static str,
            permissions: &'static [&'static str],
            summary: &'static str,
            handler: impl Fn(Call) -> F + Send + Sync + 'static,
        ) -> &mut Route
        where
            F: Future<Output = Result<Reply, Refusal>> + Send + 'static,
        {
            self.guarded(Method::$method, path, permissions, summary, handler)
        }
    )* };
}

impl Area<'_> {
    methods! {
        /// GET, for whoever has any of the permissions.
        get = GET;
        /// POST, for whoever has any of the permissions.
        post = POST;
        /// PATCH, for whoever has any of the permissions.
        patch = PATCH;
        /// PUT, for whoever has any of the permissions.
        put = PUT;
        /// DELETE, for whoever has any of the permissions.
        delete = DELETE;
    }

    fn guarded<F>(
        &mut self,
        method: Method,
        path: &'static str,
        permissions: &'static [&'static str],
        summary: &'static str,
        handler: impl Fn(Call) -> F + Send + Sync + 'static,
    ) -> &mut Route
    where
        F: Future<Output = Result<Reply, Refusal>> + Send + 'static,
    {
        let handler = Handler::Application(Arc::new(move |call| Box::pin(handler(call))));
        self.add(method, path, permissions, summary, handler)
    }

    /// A route that is open to everybody.
    pub fn public<F>(
        &mut self,
        method: Method,
        path: &'static str,
        summary: &'static str,
        handler: impl Fn(PublicCall) -> F + Send + Sync + 'static,
    ) -> &mut Route
    where
        F: Future<Output = Result<Reply, Refusal>> + Send + 'static,
    {
        let handler = Handler::Public(Arc::new(move |call| Box::pin(handler(call))));
        self.add(method, path, &[], summary, handler)
    }

    fn add(
        &mut self,
        method: Method,
        path: &'static str,
        permissions: &'static [&'static str],
        summary: &'static str,
        handler: Handler,
    ) -> &mut Route {
        let routes = &mut self.routes.0;
        let index = routes.len();
        routes.push(Route {
            method,
            path,
            versions: self.versions,
            permissions,
            summary,
            area: self.name,
            options: Allowed::NONE,
            handler,
            delegated: None,
            is_me: false,
            always: false,
            batch: false,
            errors: ErrorForm::Graph,
            cors: false,
            payload: None,
            slots: path::template(path),
        });
        &mut routes[index]
    }
}

/// All methods of one path in one version.
struct Resource {
    slots: Vec<Slot>,
    /// Indexes into the table.
    routes: Vec<usize>,
}

#[derive(Default)]
struct Index {
    resources: Vec<Resource>,
    by_first: HashMap<String, Vec<usize>>,
    /// Those that begin with a key.
    by_key: Vec<usize>,
}

/// The finished table.
pub struct Table {
    routes: Vec<Route>,
    indexes: [Index; 3],
}

/// What a path leads to.
pub(crate) enum Found<'p> {
    Route {
        index: usize,
        keys: Vec<(&'static str, String)>,
    },
    /// The path exists, with other methods.
    OtherMethods {
        allow: String,
        errors: ErrorForm,
        cors: bool,
    },
    /// The first piece that leads nowhere.
    Nothing(Option<Piece<'p>>),
}

impl Table {
    /// Checks the routes and builds the index. Fails if two have the same method and path, or one
    /// asks for no permission.
    pub fn new(mut routes: Routes) -> types::Result<Self> {
        let own: Vec<Route> = routes.0.iter().filter_map(Route::of_me).collect();
        routes.0.extend(own);
        let older = routes.0.iter().filter_map(Route::by_older_address);
        let older: Vec<Route> = older.collect();
        routes.0.extend(older);
        for route in &mut routes.0 {
            if route.access() == Access::Application {
                route.delegated = Requirement::of(&route.method, route.path);
            }
        }
        let mut table = Self {
            routes: routes.0,
            indexes: [Index::default(), Index::default(), Index::default()],
        };
        for (number, route) in table.routes.iter().enumerate() {
            let is_closed = route.permissions.is_empty() && !route.is_me;
            if route.access() == Access::Application && is_closed {
                return Err(Error::internal(format_args!(
                    "{} {} asks for no permission",
                    route.method, route.path
                )));
            }
            for version in route.versions.each() {
                let index = &mut table.indexes[version as usize];
                let same = index
                    .resources
                    .iter_mut()
                    .find(|resource| same_shape(&resource.slots, &route.slots));
                match same {
                    Some(resource) => {
                        let routes = &table.routes;
                        if resource
                            .routes
                            .iter()
                            .any(|other| routes[*other].method == route.method)
                        {
                            return Err(Error::internal(format_args!(
                                "{} {} is registered twice",
                                route.method, route.path
                            )));
                        }
                        resource.routes.push(number);
                    }
                    None => index.resources.push(Resource {
                        slots: route.slots.clone(),
                        routes: vec![number],
                    }),
                }
            }
        }
        for index in &mut table.indexes {
            index.resources.sort_by_key(|resource| {
                resource.slots.iter().map(|s| s.rank()).collect::<Vec<_>>()
            });
            for (number, resource) in index.resources.iter().enumerate() {
                match resource.slots.first() {
                    Some(Slot::Static(name) | Slot::Function(name)) => index
                        .by_first
                        .entry(name.to_ascii_lowercase())
                        .or_default()
                        .push(number),
                    _ => index.by_key.push(number),
                }
            }
        }
        Ok(table)
    }

    /// The routes in the order in which they were registered.
    pub fn routes(&self) -> &[Route] {
        &self.routes
    }

    pub(crate) fn get(&self, index: usize) -> Option<&Route> {
        self.routes.get(index)
    }

    pub(crate) fn find<'p>(
        &self,
        version: Version,
        method: &Method,
        pieces: Vec<Piece<'p>>,
    ) -> Found<'p> {
        let index = &self.indexes[version as usize];
        let Some(resource) = index.find(&pieces) else {
            return Found::Nothing(index.first_unknown(pieces));
        };
        let method = if *method == Method::HEAD {
            &Method::GET
        } else {
            method
        };
        let route = resource
            .routes
            .iter()
            .filter_map(|number| Some((*number, self.routes.get(*number)?)))
            .find(|(_, route)| route.method == *method);
        match route {
            Some((index, route)) => Found::Route {
                index,
                keys: route
                    .slots
                    .iter()
                    .zip(pieces)
                    .filter_map(|(slot, piece)| slot.key(piece))
                    .collect(),
            },
            None => Found::OtherMethods {
                allow: self.allow(resource),
                errors: self.errors(resource),
                cors: self.cors(resource),
            },
        }
    }

    fn errors(&self, resource: &Resource) -> ErrorForm {
        let first = resource.routes.first().and_then(|n| self.routes.get(*n));
        first.map_or(ErrorForm::Graph, |route| route.errors)
    }

    fn cors(&self, resource: &Resource) -> bool {
        let mut routes = resource.routes.iter().filter_map(|n| self.routes.get(*n));
        routes.any(|route| route.cors)
    }

    fn allow(&self, resource: &Resource) -> String {
        let mut methods: Vec<&str> = Vec::new();
        for route in resource.routes.iter().filter_map(|n| self.routes.get(*n)) {
            methods.push(route.method.as_str());
            if route.method == Method::GET {
                methods.push("HEAD");
            }
        }
        methods.push("OPTIONS");
        methods.join(", ")
    }
}

impl Index {
    fn find(&self, pieces: &[Piece<'_>]) -> Option<&Resource> {
        self.candidates(pieces).find(|resource| {
            resource.slots.len() == pieces.len()
                && resource
                    .slots
                    .iter()
                    .zip(pieces)
                    .all(|(slot, piece)| slot.fits(piece))
        })
    }

    fn candidates(&self, pieces: &[Piece<'_>]) -> impl Iterator<Item = &Resource> {
        let mut folded = [0_u8; FIRST_SEGMENT_MAX];
        let named = match pieces.first() {
            Some(Piece::Name { text, .. }) => folded
                .get_mut(..text.len())
                .and_then(|folded| {
                    folded.copy_from_slice(text.as_bytes());
                    folded.make_ascii_lowercase();
                    self.by_first.get(std::str::from_utf8(folded).ok()?)
                })
                .map_or(&[][..], Vec::as_slice),
            _ => &[],
        };
        named
            .iter()
            .chain(&self.by_key)
            .filter_map(|number| self.resources.get(*number))
    }

    fn first_unknown<'p>(&self, pieces: Vec<Piece<'p>>) -> Option<Piece<'p>> {
        let known = self
            .candidates(&pieces)
            .map(|resource| {
                resource
                    .slots
                    .iter()
                    .zip(&pieces)
                    .take_while(|(slot, piece)| slot.fits(piece))
                    .count()
            })
            .max()
            .unwrap_or(0);
        let unknown = known.min(pieces.len().saturating_sub(1));
        pieces.into_iter().nth(unknown)
    }
}

fn same_shape(one: &[Slot], other: &[Slot]) -> bool {
    one.len() == other.len()
        && one.iter().zip(other).all(|pair| match pair {
            (Slot::Key(_), Slot::Key(_)) => true,
            (Slot::Static(a), Slot::Static(b))
            | (Slot::Function(a), Slot::Function(b))
            | (Slot::Cast(a), Slot::Cast(b))
            | (Slot::Argument(a, _), Slot::Argument(b, _)) => a.eq_ignore_ascii_case(b),
            _ => false,
        })
}
