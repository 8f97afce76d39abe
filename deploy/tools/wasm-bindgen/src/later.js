/* Fetches and starts the module with what this one leaves out; it takes all that it needs from this one's exports. */
const LINK = {
    LOADER(done, data) {
        const answer = (is_there) => wasm.__indirect_function_table.get(done)(data, is_there);
        WebAssembly.instantiateStreaming(fetch(new URL("FILE", import.meta.url)), { __wasm_split: wasm }).then(
            () => answer(1),
            (error) => {
                console.warn(error);
                answer(0);
            },
        );
    },
};
