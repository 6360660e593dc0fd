namespace FederatedClinicalMl.Studies;

/// <summary>A feature definition as JSON Schema (draft 2020-12), made from the description that the library is checked by. See <see cref="StudySchema"/>.</summary>
public static class FeatureSchema
{
    /// <summary>The schema's text, as published in docs/reference/feature-definition.schema.json.</summary>
    public static string Json() => StudySchema.Json(
        FeatureShape.Definition, $"urn:fcml:feature-definition:{FeatureShape.Format}", $"Feature definition, format {FeatureShape.Format}",
        "A feature over clinical events, by its code set, window and aggregate. Reference: docs/reference/features.md.");
}
