//! The interface `Chalkgrad`, from the source of the methods.

use syn::{
    Attribute, Expr, FnArg, GenericArgument, ImplItem, ImplItemFn, Item, Lit, Pat, PathArguments, ReturnType, Type,
};

use super::layout::docs;

const SOURCE: &str = include_str!("../../api.rs");

/// The members that are no methods of the class, or whose types depend on an argument.
const OTHERS: &str = "/** The version of chalkgrad. */
readonly version: string;
/** Resolves when the engine is ready, and is rejected when it cannot start. */
readonly ready: Promise<ReadyInfo>;
/** Calls a handler for every event of a kind. Returns a function that unsubscribes. */
on<Name extends keyof Events>(event: Name, handler: (detail: Events[Name]) => void): () => void;
";

pub(super) fn interface() -> String {
    let methods: Vec<String> = methods().iter().filter(|method| method.sig.ident != "on").map(declaration).collect();
    let purpose = "The API `window.chalkgrad`. A Promise of it is rejected with a {@link ChalkgradError}.";
    format!("{}export interface Chalkgrad {{\n{OTHERS}{}}}\n", docs(purpose), methods.concat())
}

/// Returns the names of the methods.
pub(super) fn names() -> Vec<String> {
    methods().iter().map(name).collect()
}

/// Returns a method's name in JavaScript.
fn name(method: &ImplItemFn) -> String {
    option(&method.attrs, "js_name").unwrap_or_else(|| method.sig.ident.to_string())
}

/// Returns the functions of the `#[wasm_bindgen]` block.
fn methods() -> Vec<ImplItemFn> {
    let source = syn::parse_file(SOURCE).unwrap();
    let block = source.items.into_iter().find_map(|item| match item {
        Item::Impl(block) if block.attrs.iter().any(|attribute| attribute.path().is_ident("wasm_bindgen")) => {
            Some(block)
        }
        _ => None,
    });
    let items = block.unwrap().items.into_iter();
    items.filter_map(|item| if let ImplItem::Fn(method) = item { Some(method) } else { None }).collect()
}

fn declaration(method: &ImplItemFn) -> String {
    let name = name(method);
    let parameters = method.sig.inputs.iter().filter_map(|input| match input {
        FnArg::Typed(input) => {
            let Pat::Ident(parameter) = &*input.pat else { panic!("{name} has a parameter without a name") };
            let parameter = &parameter.ident;
            let required = option(&input.attrs, "unchecked_param_type").map(|text| format!("{parameter}: {text}"));
            let optional =
                || option(&input.attrs, "unchecked_optional_param_type").map(|text| format!("{parameter}?: {text}"));
            Some(required.or_else(optional).unwrap_or_else(|| panic!("{name} does not say the type of {parameter}")))
        }
        FnArg::Receiver(_) => None,
    });
    let parameters = parameters.collect::<Vec<_>>().join(", ");
    let ReturnType::Type(_, result) = &method.sig.output else { panic!("{name} returns nothing") };
    let comment: Vec<String> = method.attrs.iter().filter_map(comment).collect();
    assert!(!comment.is_empty(), "{name} has no comment");
    format!("{}{name}({parameters}): {};\n", docs(&comment.join("\n")), type_text(result))
}

/// Returns the value of an option of `#[wasm_bindgen(..)]`, a text or a name.
fn option(attributes: &[Attribute], name: &str) -> Option<String> {
    let mut found = None;
    for attribute in attributes.iter().filter(|attribute| attribute.path().is_ident("wasm_bindgen")) {
        let parsed = attribute.parse_nested_meta(|meta| {
            if meta.input.peek(syn::Token![=]) {
                let value: Expr = meta.value()?.parse()?;
                if meta.path.is_ident(name) {
                    found = text(&value);
                }
            }
            Ok(())
        });
        parsed.unwrap();
    }
    found
}

/// Returns a line of a comment.
fn comment(attribute: &Attribute) -> Option<String> {
    let line = attribute.meta.require_name_value().ok().filter(|line| line.path.is_ident("doc"))?;
    text(&line.value)
}

fn text(value: &Expr) -> Option<String> {
    match value {
        Expr::Lit(literal) => match &literal.lit {
            Lit::Str(text) => Some(text.value()),
            _ => None,
        },
        Expr::Path(path) => path.path.get_ident().map(ToString::to_string),
        _ => None,
    }
}

/// Returns the TypeScript name of a result's type.
fn type_text(result: &Type) -> String {
    let path = match result {
        Type::Path(path) => path.path.segments.last().unwrap(),
        Type::Tuple(tuple) if tuple.elems.is_empty() => return "void".to_owned(),
        _ => panic!("no TypeScript type is known for a result"),
    };
    let argument = match &path.arguments {
        PathArguments::AngleBracketed(arguments) => arguments.args.iter().find_map(|argument| match argument {
            GenericArgument::Type(argument) => Some(type_text(argument)),
            _ => None,
        }),
        _ => None,
    };
    match (path.ident.to_string().as_str(), argument) {
        ("Promised", Some(argument)) => format!("Promise<{argument}>"),
        ("Vec", Some(argument)) => format!("{argument}[]"),
        ("String", None) => "string".to_owned(),
        (name, None) => name.to_owned(),
        (name, Some(_)) => panic!("no TypeScript type is known for {name}<..>"),
    }
}
