using FederatedClinicalMl.ClinicalData;
using FederatedClinicalMl.Protos.Steward;

namespace FederatedClinicalMl.SiteAgent.Worker;

/// <summary>Reports of unmapped codes and units, as they are sent to the steward.</summary>
internal static class StewardTerms
{
    /// <summary>The numbers alone.</summary>
    public static DataTerms Summary(TerminologyReport report) => new()
    {
        Codes = (uint)report.DifferentCodes,
        Events = (ulong)report.Codes.Sum(code => code.Count),
        Units = (uint)report.DifferentUnits,
        Numbers = (ulong)report.Units.Sum(unit => unit.Count),
    };

    /// <summary>Every code and unit.</summary>
    public static TermsReply Reply(TerminologyReport report, SiteMapping mapping)
    {
        var reply = new TermsReply { Snippet = TerminologySnippet.Write(report), MappingVersion = (uint)mapping.Version };
        reply.Codes.AddRange(report.Codes.Select(code =>
            new Protos.Steward.UnmappedCode { Kind = code.Kind.ToString(), System = code.Code.System, Code = code.Code.Code, Count = (ulong)code.Count }));
        reply.Units.AddRange(report.Units.Select(unit => new Protos.Steward.UnmappedUnit
        {
            System = unit.Concept.System,
            Code = unit.Concept.Code,
            UnitSystem = unit.Unit.System,
            Unit = unit.Unit.Code,
            Why = unit.Fault.Sentence(),
            Wanted = unit.Wanted,
            Count = (ulong)unit.Count,
        }));
        return reply;
    }
}
