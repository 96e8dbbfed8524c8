//! Trees of values and their leaves.

use std::collections::BTreeMap;

use hallway_xapi::key::{Key, Segment};
use hallway_xapi::tree::{self, Leaf};
use proptest::prelude::*;
use serde_json::{Value, json};

/// A tree as devices have it: a name is either a node, a leaf, or a list.
#[derive(Clone, Debug)]
enum Node {
    Leaf(Value),
    Object(BTreeMap<String, Member>),
}

#[derive(Clone, Debug)]
enum Member {
    One(Node),
    List(BTreeMap<u32, Node>),
}

fn value() -> impl Strategy<Value = Value> {
    prop_oneof![
        any::<i32>().prop_map(Value::from),
        any::<bool>().prop_map(Value::from),
        "\\PC{0,8}".prop_map(Value::from),
        Just(Value::Null),
    ]
}

fn object() -> impl Strategy<Value = BTreeMap<String, Member>> {
    let leaf = value().prop_map(Node::Leaf);
    let node = leaf.prop_recursive(3, 24, 4, |inner| members(inner).prop_map(Node::Object));
    members(node)
}

fn members(node: impl Strategy<Value = Node> + Clone) -> impl Strategy<Value = BTreeMap<String, Member>> {
    let member = prop_oneof![
        2 => node.clone().prop_map(Member::One),
        1 => prop::collection::btree_map(0u32..2000, node, 1..3).prop_map(Member::List),
    ];
    prop::collection::btree_map("[A-C][a-z_0-9]{0,2}", member, 1..4)
}

fn flatten(object: &BTreeMap<String, Member>, path: &[Segment], found: &mut BTreeMap<Key, Value>) {
    let mut node = |segment: Segment, node: &Node| {
        let path = [path, &[segment]].concat();
        match node {
            Node::Leaf(value) => {
                let key = Key::from_segments(path).expect("one segment or more");
                found.insert(key, value.clone());
            }
            Node::Object(inner) => flatten(inner, &path, found),
        }
    };
    for (name, member) in object {
        match member {
            Member::One(one) => node(Segment::plain(name.as_str()), one),
            Member::List(items) => {
                items
                    .iter()
                    .for_each(|(index, item)| node(Segment::item(name.as_str(), *index), item));
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(192))]

    #[test]
    fn leaves_survive_the_tree(object in object()) {
        let mut leaves = BTreeMap::new();
        flatten(&object, &[], &mut leaves);
        let tree = tree::from_leaves(leaves.iter().map(|(key, value)| (key, value.clone())));
        let mut back = BTreeMap::new();
        for leaf in tree::leaves(&tree) {
            match leaf {
                Leaf::Value(key, value) => prop_assert!(back.insert(key, value).is_none()),
                Leaf::Removed(key) => prop_assert!(false, "{} is not removed", key),
            }
        }
        prop_assert_eq!(back, leaves);
    }

    #[test]
    fn any_object_can_be_taken_apart(name in "\\PC{0,8}", value in value(), index in any::<i64>()) {
        let tree = json!({
            name.clone(): [{ "id": index, name.clone(): value.clone(), "ghost": name.clone() }],
            "A": { name: [value, { "id": "x" }] },
        });
        tree::leaves(tree.as_object().expect("an object"));
    }
}
