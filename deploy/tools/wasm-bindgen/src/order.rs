//! Functions in an order that compresses well: each beside those that look like it, and none twice.
//!
//! A compressor says "as before" in few bits when what was before is near. The compiler leaves thousands of functions
//! that differ in a type or a number only, and some that do not differ at all, in no order that shows it. The order is
//! found by a greedy walk: next is the function that has most in common with the one before. That takes half a second,
//! and 8 % of what travels.

use std::collections::{HashMap, HashSet};
use std::hash::{BuildHasherDefault, DefaultHasher, Hasher};
use wasm_encoder::reencode::{Error, Reencode};
use wasm_encoder::{CodeSection, FunctionSection, Module};
use wasmparser::{
    BinaryReaderError, CodeSectionReader, FunctionBody, FunctionSectionReader, Operator, Parser,
    Payload, TypeRef,
};

/// Bytes in a row that count as something in common. Measured: 3 and 6 compress worse.
const ROW: usize = 4;
/// More functions than this with a row in common say nothing by it: every function begins or ends like that.
const COMMON: usize = 3_000;

type Map<K, V> = HashMap<K, V, BuildHasherDefault<DefaultHasher>>;

/// One function of the module.
struct Function<'a> {
    signature: u32,
    body: FunctionBody<'a>,
    /// Its bytes without the numbers of other functions.
    shape: Vec<u8>,
    /// Those numbers.
    named: Vec<u32>,
}

/// The same program.
pub fn in_order(module: &[u8]) -> Result<Vec<u8>, String> {
    let (imported, functions) = read(module).map_err(|error| error.to_string())?;
    let same = same(imported, &functions);
    let kept: Vec<usize> = (0..functions.len())
        .filter(|at| same[*at] as usize == imported + at)
        .collect();
    let order = walk(&functions, &kept);
    let mut place = vec![0; functions.len()];
    for (now, before) in order.iter().enumerate() {
        place[*before] = (imported + now) as u32;
    }
    let mut written = Module::new();
    Writer {
        imported,
        functions: &functions,
        order: &order,
        place: same
            .iter()
            .map(|one| place[*one as usize - imported])
            .collect(),
    }
    .parse_core_module(&mut written, Parser::new(0), module)
    .map_err(|error| error.to_string())?;
    let written = written.finish();
    wasmparser::validate(&written).map_err(|error| error.to_string())?;
    Ok(written)
}

fn read(module: &[u8]) -> Result<(usize, Vec<Function<'_>>), BinaryReaderError> {
    let (mut imported, mut signatures, mut functions) = (0, Vec::new(), Vec::new());
    for payload in Parser::new(0).parse_all(module) {
        match payload? {
            Payload::ImportSection(section) => {
                for import in section.into_imports() {
                    if matches!(import?.ty, TypeRef::Func(_)) {
                        imported += 1;
                    }
                }
            }
            Payload::FunctionSection(section) => {
                signatures = section.into_iter().collect::<Result<_, _>>()?;
            }
            Payload::CodeSectionEntry(body) => {
                let (shape, named) = shape(module, &body)?;
                functions.push(Function {
                    signature: signatures[functions.len()],
                    body,
                    shape,
                    named,
                });
            }
            _ => {}
        }
    }
    Ok((imported, functions))
}

fn shape(module: &[u8], body: &FunctionBody<'_>) -> Result<(Vec<u8>, Vec<u32>), BinaryReaderError> {
    let (mut shape, mut named) = (Vec::new(), Vec::new());
    let mut operators = body.get_operators_reader()?;
    let mut from = body.range().start as usize;
    while !operators.eof() {
        let at = operators.original_position() as usize;
        if let Operator::Call { function_index } | Operator::RefFunc { function_index } =
            operators.read()?
        {
            shape.extend_from_slice(&module[from..=at]);
            named.push(function_index);
            from = operators.original_position() as usize;
        }
    }
    shape.extend_from_slice(&module[from..body.range().end as usize]);
    Ok((shape, named))
}

/// For each function the number of the first one that does the same; its own, if that is none.
fn same(imported: usize, functions: &[Function<'_>]) -> Vec<u32> {
    let mut same: Vec<u32> = (imported..imported + functions.len())
        .map(|at| at as u32)
        .collect();
    loop {
        let mut first = Map::default();
        let mut found = false;
        for (at, function) in functions.iter().enumerate() {
            let named: Vec<u32> = function
                .named
                .iter()
                .map(|one| match (*one as usize).checked_sub(imported) {
                    Some(at) => same[at],
                    None => *one,
                })
                .collect();
            let number = *first
                .entry((function.signature, &function.shape, named))
                .or_insert(same[at]);
            found |= number != same[at];
            same[at] = number;
        }
        if !found {
            return same;
        }
    }
}

/// The kept functions in their new order.
fn walk(functions: &[Function<'_>], kept: &[usize]) -> Vec<usize> {
    let mut rows: Vec<Vec<u64>> = vec![Vec::new(); functions.len()];
    let mut holders: Map<u64, Vec<usize>> = Map::default();
    for at in kept {
        let found: HashSet<u64> = functions[*at].shape.windows(ROW).map(hash).collect();
        rows[*at] = found.into_iter().collect();
        for row in &rows[*at] {
            holders.entry(*row).or_default().push(*at);
        }
    }
    let mut largest = kept.to_vec();
    largest.sort_by_key(|at| std::cmp::Reverse(functions[*at].shape.len()));
    let mut is_left = vec![false; functions.len()];
    for at in kept {
        is_left[*at] = true;
    }
    let mut largest = largest.into_iter();
    let mut order = Vec::with_capacity(kept.len());
    let mut shared = vec![0_u32; functions.len()];
    let mut next = None;
    loop {
        let at = match next {
            Some(at) => at,
            None => match largest.find(|at| is_left[*at]) {
                Some(at) => at,
                None => return order,
            },
        };
        is_left[at] = false;
        order.push(at);
        let mut met = Vec::new();
        for row in &rows[at] {
            let holders = &holders[row];
            if holders.len() > COMMON {
                continue;
            }
            for other in holders.iter().filter(|other| is_left[**other]) {
                if shared[*other] == 0 {
                    met.push(*other);
                }
                shared[*other] += 1;
            }
        }
        let mut best = (0.0, None);
        met.sort_unstable();
        for other in met {
            let common = std::mem::take(&mut shared[other]) as f32;
            let all = (rows[at].len() + rows[other].len()) as f32 - common;
            if common / all > best.0 {
                best = (common / all, Some(other));
            }
        }
        next = best.1;
    }
}

fn hash(bytes: &[u8]) -> u64 {
    let mut hasher = DefaultHasher::new();
    hasher.write(bytes);
    hasher.finish()
}

struct Writer<'a, 'm> {
    imported: usize,
    functions: &'a [Function<'m>],
    order: &'a [usize],
    /// Each function's new number.
    place: Vec<u32>,
}

impl Reencode for Writer<'_, '_> {
    type Error = std::convert::Infallible;

    fn function_index(&mut self, number: u32) -> Result<u32, Error<Self::Error>> {
        Ok(match (number as usize).checked_sub(self.imported) {
            Some(at) => self.place[at],
            None => number,
        })
    }

    fn parse_function_section(
        &mut self,
        written: &mut FunctionSection,
        _: FunctionSectionReader<'_>,
    ) -> Result<(), Error<Self::Error>> {
        for at in self.order {
            written.function(self.functions[*at].signature);
        }
        Ok(())
    }

    fn parse_code_section(
        &mut self,
        written: &mut CodeSection,
        _: CodeSectionReader<'_>,
    ) -> Result<(), Error<Self::Error>> {
        for at in self.order {
            let body = self.functions[*at].body.clone();
            self.parse_function_body(written, body)?;
        }
        Ok(())
    }
}
