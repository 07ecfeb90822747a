//! What the gateway's own tests share.

use std::sync::LazyLock;

use prost_reflect::DescriptorPool;

/// The pool of `tests/proto/sample.proto`.
pub(crate) fn sample_pool() -> DescriptorPool {
    static POOL: LazyLock<DescriptorPool> = LazyLock::new(|| {
        let here = env!("CARGO_MANIFEST_DIR");
        let mut compiler = protox::Compiler::new([format!("{here}/tests/proto"), format!("{here}/../../proto")]).unwrap();
        compiler.include_source_info(true).include_imports(true);
        compiler.open_files(["sample.proto"]).unwrap();
        DescriptorPool::decode(compiler.encode_file_descriptor_set().as_slice()).unwrap()
    });
    POOL.clone()
}
