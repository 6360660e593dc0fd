using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.Tests.Studies.Reference;

public sealed class StudyReferenceTests
{
    [Fact]
    public void Reference_tables_areWhatTheCodeGenerates() =>
        Published.PartEqual("docs/reference/study-protocol.md", "made from the code", ReferenceTables.Of(StudyShape.Whole));
}
