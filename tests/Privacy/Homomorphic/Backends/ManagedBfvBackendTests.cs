using FederatedClinicalMl.Privacy;

namespace FederatedClinicalMl.Tests.Privacy;

public sealed class ManagedBfvBackendTests : BfvBackendTests
{
    protected override IBfvBackend Make(BfvParameters parameters) => new ManagedBfvBackend(parameters);
}
