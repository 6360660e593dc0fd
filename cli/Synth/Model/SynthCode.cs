namespace FederatedClinicalMl.Cli.Synth;

/// <summary>A code as the three formats write it.</summary>
/// <param name="System">Address of its code system.</param>
/// <param name="Code">The code.</param>
/// <param name="Concept">OMOP's concept_id; 0: none, a code that only its hospital knows.</param>
/// <param name="Domain">OMOP's domain_id.</param>
/// <param name="Name">In words.</param>
internal sealed record SynthCode(string System, string Code, long Concept, string Domain, string Name)
{
    /// <summary>System of the codes that only their hospital knows.</summary>
    public const string Local = "urn:fcml:synth:laboratory";
}
