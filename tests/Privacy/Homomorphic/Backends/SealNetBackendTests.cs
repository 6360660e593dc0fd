#if USE_SEALNET
using FederatedClinicalMl.Privacy;

namespace FederatedClinicalMl.Tests.Privacy;

public sealed class SealNetBackendTests : BfvBackendTests
{
    protected override IBfvBackend Make(BfvParameters parameters) => new SealNetBackend(parameters);
}
#else
namespace FederatedClinicalMl.Tests.Privacy;

public sealed class SealNetBackendTests
{
    // test.sh knows this reason by its first word: where the package cannot be had is the one test that a machine may be without.
    [Fact(Skip = "UseSealNet is off. Where the registry serves Microsoft.Research.SEALNet 4.1.1, build with -p:UseSealNet=true to hold Microsoft SEAL's native library to the same tests.")]
    public void Backend_of_SealNet_does_what_every_backend_must()
    {
    }
}
#endif
