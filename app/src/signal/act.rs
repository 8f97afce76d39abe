//! Closures as objects. A `dyn Fn` can be called in three ways, and the compiler writes all of them for each closure;
//! these can be called in one.

/// What may be done one time after the other.
pub trait Act<In, Out = ()> {
    fn act(&mut self, given: In) -> Out;
}

impl<In, Out, F: FnMut(In) -> Out> Act<In, Out> for F {
    fn act(&mut self, given: In) -> Out {
        self(given)
    }
}

/// What may be asked by several at once.
pub trait Ask<In, Out = ()> {
    fn ask(&self, given: In) -> Out;
}

impl<In, Out, F: Fn(In) -> Out> Ask<In, Out> for F {
    fn ask(&self, given: In) -> Out {
        self(given)
    }
}
